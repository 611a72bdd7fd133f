"""What is filled in, for whom, and from which task: the same for the page, for its check and for saving."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from distillation import selectors
from distillation.admin.access import actor, held
from distillation.console.wizard import checked, meanwhile
from distillation.console.wizard.answers import Answers, as_initial, shown_values
from distillation.console.wizard.checked import Checked
from distillation.console.wizard.material import Material
from distillation.models import TrainingTask
from distillation.services.surroundings import Surroundings

NEW, EDIT, CLONE = "add", "edit", "clone"
"""As the addresses are called."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form. ``task`` is the one that is changed or copied."""

    request: HttpRequest
    how: str
    task: TrainingTask | None
    material: Material
    owner: str
    """Of what is saved; empty for a row without one."""

    def answers(self, posted: Mapping[str, Any]) -> Answers:
        """What was filled in."""
        return Answers(posted, self._shown(posted), self.task, edits=self.how == EDIT)

    def look(self, posted: Mapping[str, Any]) -> Checked:
        """Ask the services about it."""
        return checked.look(self.answers(posted), self.owner, self.material)

    def first_values(self) -> dict[str, Any]:
        """What the form shows before anybody types."""
        if self.task is not None:
            values = as_initial(shown_values(self.task))
            if self.how == CLONE:
                values["taskName"] = self.material.free_name(self.task.task_name)
            return values
        asked = self.request.GET
        return self.material.first_values(str(asked.get("datasetId", "")), str(asked.get("teacher", "")))

    def _shown(self, posted: Mapping[str, Any]) -> dict[str, str]:
        """What the page showed when it was opened."""
        if self.task is None:
            return {}
        return meanwhile.opened(posted, self.task) if self.how == EDIT else shown_values(self.task)


def open_sheet(request: HttpRequest, how: str, pk: int | None = None) -> Sheet:
    """Raises Http404 for a task that is not seen, PermissionDenied for one that may not be changed or copied."""
    rights = held(request)
    task = None
    if pk is not None:
        task = selectors.visible(TrainingTask.objects.all(), rights).filter(pk=pk).first()
        if task is None:
            raise Http404
    if not rights.may_create or (task is not None and how == EDIT and not rights.may_change(task.create_by)):
        raise PermissionDenied
    owner = task.create_by if task is not None and how == EDIT else actor(request)
    around = Surroundings(owner, rights if rights.owns(owner) else None)
    return Sheet(request, how, task, Material(around, rights), owner or "")
