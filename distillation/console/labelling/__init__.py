"""Label a folder: a finished model labels a folder of pictures; people watch it, look at some, and take the labels."""
