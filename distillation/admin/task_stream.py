"""The live stream of a task for its page: what the API tells, with the figures as the page shows them.

Otherwise each open page would ask for them after each change, all at the same moment.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import override

from distillation.admin import task_page
from distillation.api import live
from distillation.api.views.stream import followed
from distillation.models import TrainingTask


def stream(request: HttpRequest, task: TrainingTask) -> HttpResponseBase:
    """The API admits here too: it counts who has how many streams open."""
    return followed(request, {"task_id": task.task_id}, _figures)


def _figures(task: int, language: str) -> dict[str, Any]:
    row = TrainingTask.objects.filter(pk=task).first()
    if row is None:
        raise live.Gone
    with override(language):
        return task_page.live(row)
