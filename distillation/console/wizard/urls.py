"""Where the wizard stands: in the place of Django's own form for a new task, and below each task."""

from __future__ import annotations

from functools import partial

from django.urls import URLPattern

from distillation.console.page import page
from distillation.console.wizard import views
from distillation.console.wizard.sheet import CLONE, EDIT, NEW

_TASK = "distillation/trainingtask/"
_NAME = "distillation_trainingtask_"


urlpatterns: list[URLPattern] = [
    page(f"{_TASK}add/", views.new, f"{_NAME}add"),
    page(f"{_TASK}<int:pk>/edit/", views.edit, f"{_NAME}edit"),
    page(f"{_TASK}<int:pk>/clone/", views.clone, f"{_NAME}clone"),
    page(f"{_TASK}add/check/", partial(views.check, how=NEW), f"{_NAME}add_check"),
    page(f"{_TASK}<int:pk>/edit/check/", partial(views.check, how=EDIT), f"{_NAME}edit_check"),
    page(f"{_TASK}<int:pk>/clone/check/", partial(views.check, how=CLONE), f"{_NAME}clone_check"),
]
