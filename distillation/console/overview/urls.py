"""Where the open front page asks."""

from __future__ import annotations

from distillation.console.overview import views
from distillation.console.page import page

urlpatterns = [page("overview/", views.body, "overview")]
