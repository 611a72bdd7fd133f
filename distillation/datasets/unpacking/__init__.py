"""Archives that people send, turned into a folder: nothing in them is trusted, and what is refused is named."""
