"""The addresses of the console's own pages, below ``/admin/`` and in its namespace; each asks for a login."""

from __future__ import annotations

from django.urls import URLPattern

from distillation.console.choices.urls import urlpatterns as choices
from distillation.console.compare.urls import urlpatterns as compare
from distillation.console.datasets.urls import urlpatterns as datasets
from distillation.console.labelling.urls import urlpatterns as labelling
from distillation.console.overview.urls import urlpatterns as overview
from distillation.console.trying.urls import urlpatterns as trying
from distillation.console.wizard.urls import urlpatterns as wizard

urlpatterns: list[URLPattern] = [*choices, *compare, *datasets, *labelling, *overview, *trying, *wizard]
