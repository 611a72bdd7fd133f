"""What a task comes from and what came of it: teacher, student, data, the task it copies, the students it teaches."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from distillation import selectors
from distillation.admin import words
from distillation.admin.access import held
from distillation.admin.metric_names import kind
from distillation.models import Dataset, Executor, TrainingTask


@dataclass(frozen=True, slots=True)
class Relation:
    """A name after its word; the address is empty where there is no page, or none for this person."""

    word: str
    name: str
    url: str = ""


def lineage(task: TrainingTask, request: HttpRequest) -> list[Relation]:
    """In the order of the work; four queries at most."""
    rights = held(request)
    names = [name for name in (task.teacher_model, task.cloned_from) if name]
    known = {one.task_id: one for one in selectors.tasks_seen_by(rights).filter(task_id__in=names)}
    found = [Relation(_("Task type"), words.value_word(kind(task)))]
    if task.training_mode == "direct":
        found.append(Relation(_("Teacher"), _("none, direct training")))
    elif task.teacher_model:
        found.append(_task(_("Teacher"), task.teacher_model, known))
    found.append(Relation(_("Student"), task.student_model))
    if task.dataset_id:
        found.append(_dataset(task, request))
    if task.cloned_from in known:
        found.append(_task(_("Copy of"), task.cloned_from or "", known))
    taught = selectors.tasks_seen_by(rights).filter(teacher_model=task.task_id).count()
    if taught:
        students = ngettext("%(n)s task", "%(n)s tasks", taught) % {"n": taught}
        url = f"{reverse('admin:distillation_trainingtask_changelist')}?{urlencode({'q': task.task_id})}"
        found.append(Relation(_("Teaches"), students, url))
    return found


def _task(word: str, task_id: str, known: dict[str, TrainingTask]) -> Relation:
    if task_id not in known:
        return Relation(word, task_id)
    one = known[task_id]
    return Relation(word, one.task_name, reverse("admin:distillation_trainingtask_change", args=[one.pk]))


def _dataset(task: TrainingTask, request: HttpRequest) -> Relation:
    word, folder = _("Data set"), task.dataset_id or ""
    name = task.dataset_name or folder
    if task.executor != Executor.PLATFORM or "/" in folder:  # somebody else's, or a sample's: no folder of ours
        return Relation(word, name)
    rows = Dataset.objects.filter(dataset_id=folder)
    seen = selectors.visible(rows, held(request)).first()
    if seen is not None:
        return Relation(word, name, reverse("admin:data_page", args=["set", seen.pk]))
    if rows.exists():
        return Relation(word, name)
    return Relation(word, name, reverse("admin:data_page", args=["folder", folder]))
