"""The addresses of trials."""

from __future__ import annotations

from distillation.console.page import page
from distillation.console.trying import starting, watching

urlpatterns = [
    page("try/<int:pk>/", starting.start, "try"),
    page("trials/<str:trial_id>/", watching.watch, "trial"),
    page("trials/<str:trial_id>/live/", watching.live, "trial_live"),
    page("trials/<str:trial_id>/picture/<int:number>/", watching.picture, "trial_picture"),
    page("trials/<str:trial_id>/cancel/", watching.cancel, "trial_cancel"),
    page("trials/<str:trial_id>/left/", watching.left, "trial_left"),
]
