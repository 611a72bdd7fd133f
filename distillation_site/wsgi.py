"""WSGI entry, for servers that speak nothing else; live pages need ASGI."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "distillation_site.settings")
application = get_wsgi_application()
