"""Where choices are posted to."""

from __future__ import annotations

from distillation.console.choices import views
from distillation.console.page import page

urlpatterns = [
    page("choices/views/", views.new_view, "saved_views"),
    page("choices/views/<int:pk>/", views.change_view, "saved_view"),
    page("choices/columns/", views.columns, "task_columns"),
    page("choices/theme/", views.theme, "theme"),
]
