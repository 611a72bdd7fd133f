"""The engine without Django: runs, checks and labels at a terminal."""
