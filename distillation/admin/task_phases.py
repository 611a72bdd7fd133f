"""The phases of a run as a strip: which it has, which are behind it, where it stands."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from distillation.contract.arms import ARMS, KINDS, named
from distillation.contract.request import read
from distillation.contract.spans import spans
from distillation.models import Executor, TaskStatus, TrainingTask
from distillation.services.flat import flat

DONE, NOW, BROKEN, AHEAD = "done", "now", "broken", "ahead"
FINEST = 5.0
"""Progress is a whole percentage of the run: of a phase with less of it nothing can be told."""
LABELS: dict[str, str | Promise] = {
    "prepare": gettext_lazy("Prepare data"),
    "adapt": gettext_lazy("Adapt the teacher"),
    "teacher": gettext_lazy("Ask the teacher"),
    "train": gettext_lazy("Train"),
    "evaluate": gettext_lazy("Evaluate"),
    "export": gettext_lazy("Export"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One place of the strip."""

    name: str
    label: str
    state: str
    note: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do, as far as its settings say."""

    arms: list[str]
    teacher: bool
    adapts: bool

    @property
    def phases(self) -> list[str]:
        """In their order; all arms are one."""
        return [name for name in LABELS if (name != "teacher" or self.teacher) and (name != "adapt" or self.adapts)]


def plan(task: TrainingTask) -> Plan:
    """From the settings; what cannot be read in them counts as its default."""
    request = read(flat(task), default_executor=task.executor)[0].assumed()
    joint = request.values["collaboration"] == "joint"
    kinds = KINDS if request.values["control"] and not request.direct else KINDS[:1]
    return Plan(
        arms=[named(kind, number) for number in range(1, len(request.seeds()) + 1) for kind in kinds],
        teacher=not request.direct,
        adapts=not request.direct and not joint and request.values["loraTarget"] == "teacher",
    )


def strip(task: TrainingTask) -> list[Step]:
    """The phases; none for a task whose phases nobody reports."""
    if task.executor != Executor.PLATFORM:
        return []
    run = plan(task)
    now = _place(task, run)
    return [
        Step(name, str(LABELS[name]), _state(task, index, now), _note(task, run) if index == now else "")
        for index, name in enumerate(run.phases)
    ]


def _place(task: TrainingTask, run: Plan) -> int:
    """Which phase the run is in, or broke off in; behind the last when it is complete, before the first if unbegun."""
    if task.status == TaskStatus.COMPLETED:
        return len(run.phases)
    name = "train" if task.phase in ARMS else task.phase
    return run.phases.index(name) if name in run.phases else -1


def _state(task: TrainingTask, index: int, now: int) -> str:
    if index != now:
        return DONE if index < now else AHEAD
    return NOW if task.status == TaskStatus.RUNNING else BROKEN


def _note(task: TrainingTask, run: Plan) -> str:
    """How far the phase is, and which arm trains where there are several."""
    phase = task.phase or ""
    begin, end = spans(run.arms, teacher=run.teacher, adapts=run.adapts).get(phase, (0.0, 0.0))
    share = (task.progress - begin) / (end - begin) if end - begin >= FINEST else None
    notes = [f"{100 * min(max(share, 0.0), 1.0):.0f}\xa0%"] if share is not None else []
    if phase in run.arms and len(run.arms) > 1:
        notes.append(_("%(now)s of %(all)s") % {"now": run.arms.index(phase) + 1, "all": len(run.arms)})
    return " · ".join(notes)
