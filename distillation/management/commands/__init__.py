"""The commands of ``manage.py``; each is thin and calls a module beside this package."""
