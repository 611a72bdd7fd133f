"""The front page while it is open."""
