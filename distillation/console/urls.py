"""The addresses of the console's own pages, below ``/admin/`` and in its namespace; each asks for a login."""

from __future__ import annotations

from django.urls import URLPattern

from distillation.console.datasets.urls import urlpatterns as datasets

urlpatterns: list[URLPattern] = [*datasets]
