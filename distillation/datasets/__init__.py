"""Readers and validation of data sets on disk: Pillow and numpy only.

Web, worker and engine share them; nothing here may import Django or torch.
"""
