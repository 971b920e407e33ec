"""The demo: the House's main job, from a commit to a client's result, through its public HTTP API alone."""
