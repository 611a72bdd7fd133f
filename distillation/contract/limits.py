"""How much one request may ask for at once. Limits of single options are in the catalogue."""

CLONE_GROUP = 50
"""Tasks that one clone with lists of values makes."""

BULK_TASKS = 200
"""Tasks that one bulk request moves."""

NAMES_SHOWN = 100
"""Unknown keys of a request that an answer repeats; each is cut to this many characters, too."""
