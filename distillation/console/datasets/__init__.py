"""Data sets in the browser: bring one, look at it before it is kept, and the page of one that is."""
