"""Submitting runs and carrying them out: control, worker, supervision of engines, ingest, reaper."""
