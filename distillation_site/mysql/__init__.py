"""Django's MySQL back end with one addition: a server that is too old is named in one sentence, not in a traceback."""
