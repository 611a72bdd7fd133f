"""Creating, editing and cloning tasks in six steps that follow the work: one page, one form, also without scripts.

It decides nothing itself: what may be typed is the catalogue's, what fits and what is refused the services'.
"""
