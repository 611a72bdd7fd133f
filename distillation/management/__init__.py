"""Commands around the running system: serving it, showing it, checking it."""
