"""What our parts of the front end ask: previews while a user drags, without a run of the graph.

Routes are named and versioned (`/liveportrait/v1/...`). A request can name a file of ComfyUI's own
folders, or what a node of ours saw when it ran, and nothing else.
"""
