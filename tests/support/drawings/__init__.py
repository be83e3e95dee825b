"""One module a workflow of the pack; tests/support/author.py draws them."""
