"""Where tasks are compared."""

from __future__ import annotations

from distillation.console.compare import views
from distillation.console.page import page

urlpatterns = [
    page("compare/", views.page, "compare"),
    page("compare/curves/", views.curves, "compare_curves"),
    page("compare/search/", views.search, "compare_search"),
    page("compare/export/", views.export, "compare_export"),
]
