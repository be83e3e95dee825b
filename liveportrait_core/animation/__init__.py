"""Algorithm 1 on whole clips: read motion (pass 1), drive, retarget, edit, and render (pass 2)."""
