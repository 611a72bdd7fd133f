"""ASGI entry: ``uvicorn distillation_site.asgi:application``."""

import os

from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "distillation_site.settings")
try:
    application = get_asgi_application()
except ImproperlyConfigured as error:
    raise SystemExit(str(error)) from None
