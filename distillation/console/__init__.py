"""Pages of the console that are more than a list or a form: one package a page, mounted by ``urls``.

They stand above ``admin``, whose badges, figures and rights they use, and read and write as everything else does:
through the selectors and the services.
"""
