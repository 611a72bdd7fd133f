"""Other views of a picture and of what is marked on it: moved, cut, mirrored, coloured, joined with others.

A view is a function of (seed, row, number) alone, so that a teacher's answer to it can be cached and a resumed run
sees the same pixels. ``views`` is where to begin; numpy and Pillow only.
"""
