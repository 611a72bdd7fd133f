"""Where files lie; a local directory in this version."""
