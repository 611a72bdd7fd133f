"""The console, through Django's client."""
