"""The shell that runs the four shapes, and the wiring of one node."""
