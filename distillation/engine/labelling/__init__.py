"""Label a folder of pictures with a finished model."""
