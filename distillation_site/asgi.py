"""ASGI entry: ``uvicorn distillation_site.asgi:application``."""

import os

import django
from django.core.exceptions import ImproperlyConfigured

from distillation_site.handler import PooledHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "distillation_site.settings")
try:
    django.setup(set_prefix=False)
    application = PooledHandler()
except ImproperlyConfigured as error:
    raise SystemExit(str(error)) from None
