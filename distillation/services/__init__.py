"""Writes that are not a status, one verb family a file, and the checks against database and disk."""
