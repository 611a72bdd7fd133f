"""Up to twenty tasks side by side: curves, settings that differ, figures with the best marked, trade-offs, seeds."""
