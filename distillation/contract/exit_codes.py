"""How the engine ends. The worker decides by these and by ``result.json``, never by the text of a log."""

COMPLETED = 0
"""``result.json`` is written and names a model file with its checksum."""

CRASHED = 1
"""An error that the program did not foresee: the last ``failed`` event names it, the engine's log has the traceback."""

FAILED = 10
"""An expected failure: the last ``failed`` event holds the sentence for the user."""

DISK_FULL = 12
"""Nothing more could be written, perhaps not even the event that would say so."""

STOPPED = 20
"""Stopped on request; a checkpoint holds everything done so far."""

LOCKED = 75
"""Another engine holds the run directory; the run is retried later."""
