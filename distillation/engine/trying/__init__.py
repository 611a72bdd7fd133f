"""Ask a finished student and its teacher about a few pictures or texts, side by side."""
