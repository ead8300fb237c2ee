"""The demo: one image rolled out to all nodes of a small cluster at once, watched, measured and verified."""
