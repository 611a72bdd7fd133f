"""What would become of the form as it stands: asked from the services while somebody types, shown in the last step.

The same functions answer ``/tasks/validate`` and the preview of clones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from distillation.admin import figures, words
from distillation.console.wizard import suggestions
from distillation.console.wizard.answers import Answers, in_words
from distillation.console.wizard.enough import Advised, advised
from distillation.console.wizard.material import Material
from distillation.console.wizard.steps import LAST, STEP_OF, STEPS
from distillation.contract.option import Option
from distillation.contract.options import OPTIONS
from distillation.contract.request import ALIASES, InvalidRequest
from distillation.contract.sentence import Problem
from distillation.models.sentences import translate
from distillation.services import sweeps
from distillation.services.cloning import plan_clones
from distillation.services.effective import Effective, of_request
from distillation.services.estimates import Estimates
from distillation.services.sweeps import PlannedTask
from distillation.services.validation import look_at
from distillation.services.value_lists import about

LABELS = {option.name: option.label for option in OPTIONS}


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence about a field."""

    field: str
    label: str
    step: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the configuration, or of what differs."""

    label: str
    value: str
    other: str = ""
    """The default, or what the source has."""
    name: str = ""


@dataclass(slots=True)
class Checked:
    """Everything that the last step shows."""

    refused: list[Said]
    """Saving is refused."""
    stopped: list[Said]
    """Saving works, starting would be refused."""
    ignored: list[Said]
    settings: list[tuple[str, list[Row]]]
    costs: list[Row]
    differs: list[Row]
    names: list[str]
    """Of the tasks that lists make; empty for one task."""
    number: str
    """In words how many tasks that are, or why they are too many."""
    unfit: dict[str, str]
    """Teachers that cannot teach what is chosen, with the reason."""
    teacher: str
    """Who is suggested as teacher."""
    advice: str
    """Why that one, or why nobody."""
    name: str
    """The name that is suggested."""
    steps: Advised
    """Batch size and epochs for the number of samples."""
    marks: list[tuple[str, str]] = field(init=False)
    """By step: in words how many problems it has."""

    @property
    def own(self) -> list[Row]:
        """The settings that have another value than the default."""
        return [row for _title, rows in self.settings for row in rows if row.other]

    def __post_init__(self) -> None:
        numbers = Counter(said.step for said in (*self.refused, *self.stopped))
        self.marks = [
            (step.key, ngettext("%(n)s problem", "%(n)s problems", numbers[step.key]) % {"n": numbers[step.key]})
            for step in STEPS
            if numbers[step.key]
        ]


def look(answers: Answers, actor: str, material: Material) -> Checked:
    """Ask the services about the form; the actor is the task's owner to be."""
    teachers = material.teachers  # first, since the surroundings need not look for them any more
    request, _errors = look_at(answers.first, material.around, default_executor=settings.DISTILLATION_DEFAULT_EXECUTOR)
    unfit = material.unfit(request.assumed())
    planned, refused = _plan(answers, actor)
    found = of_request(answers.asked, actor, material.around)
    spoken_of = {problem.field for problem in refused} | answers.lists.keys()
    refused += [problem for problem in found.errors if problem.field not in spoken_of]
    stopped = _start_problems(planned) if planned else found.problems
    teacher = suggestions.best_teacher(teachers, unfit, found.values)
    return Checked(
        refused=[_said(problem) for problem in refused],
        stopped=[_said(problem) for problem in stopped if problem not in refused],
        ignored=[_said(problem) for problem in found.not_applied],
        settings=list(_settings(found)),
        costs=_costs(found.estimates, len(planned)),
        differs=_differs(answers) if answers.task else [],
        names=[one.name for one in planned],
        number=_number(planned, refused),
        unfit=unfit,
        teacher=teacher,
        advice=suggestions.advice(teacher, teachers),
        name=material.suggested_name(answers.first, answers.lists) if answers.task is None else "",
        steps=advised(request, material.around, answers.lists),
    )


def _plan(answers: Answers, actor: str) -> tuple[list[PlannedTask], list[Problem]]:
    if not answers.lists:
        return [], []
    try:
        return plan(answers, actor), []
    except InvalidRequest as invalid:
        return [], invalid.problems


def plan(answers: Answers, actor: str) -> list[PlannedTask]:
    """The tasks that the lists make. Raises InvalidRequest."""
    if answers.task is not None:
        return plan_clones(answers.task, answers.changes, answers.lists, actor)
    return sweeps.plan(answers.base, answers.lists, actor)


def _start_problems(planned: Sequence[PlannedTask]) -> list[Problem]:
    """What start would refuse of any of the group, each sentence once; with the values, where others may start."""
    found: dict[tuple[str, str], list[tuple[Problem, PlannedTask]]] = {}
    for task in planned:
        for problem in task.problems():
            found.setdefault((problem.field, problem.sentence.english()), []).append((problem, task))
    return [
        problem if len(same) == len(planned) else about(problem, task.values)
        for same in found.values()
        for problem, task in same[:1]
    ]


def _number(planned: Sequence[PlannedTask], refused: Sequence[Problem]) -> str:
    too_many = next((problem for problem in refused if problem.field == "lists"), None)
    if too_many is not None:
        return translate(too_many.sentence)
    return _("Tasks when saved: %(n)s") % {"n": figures.count(len(planned))} if planned else ""


def _said(problem: Problem) -> Said:
    name = ALIASES.get(problem.field, problem.field)
    label = _(LABELS[name]) if name in LABELS else ""
    return Said(name if name in LABELS else "", label, STEP_OF.get(name, LAST), translate(problem.sentence))


def _settings(found: Effective) -> list[tuple[str, list[Row]]]:
    """The configuration that counts, by step; what stays undecided is left out."""
    direct = found.values["trainingMode"] == "direct"

    def row(option: Option) -> Row:
        default = found.differs.get(option.name)
        other = "" if default is None else words.setting(default)
        return Row(_(option.label), words.setting(found.values[option.name]), other, option.name)

    return [
        (_(step.short), rows)
        for step in STEPS
        if (rows := [
            row(option) for option in OPTIONS
            if STEP_OF[option.name] == step.key
            and found.values[option.name] not in (None, "")
            and (option.direct or not direct)
        ])
    ]  # fmt: skip


def _costs(found: Estimates, tasks: int) -> list[Row]:
    """What the first task will cost, each figure with its source."""
    unknown = _("unknown")
    no_data = _("until data and student are chosen")
    measured = _("no completed run with the same student, image size, batch size and device was measured here")
    if found.speed is not None:
        measured = _("measured with %(tasks)s") % {"tasks": ", ".join(found.speed.task_ids)}
    time = found.duration_seconds
    rows = [
        Row(
            _("Training time"),
            unknown if time is None else figures.duration(time),
            no_data if found.cache_bytes is None else measured,
        ),
        Row(_("Optimizer steps"), unknown if found.steps is None else figures.count(found.steps)),
        Row(_("Cache"), _at_most(found.cache_bytes), "" if found.cache_bytes is not None else no_data),
        Row(_("Checkpoints"), _at_most(found.checkpoint_bytes), "" if found.checkpoint_bytes is not None else no_data),
        Row(_("Free on the disk"), figures.size(found.disk_free)),
    ]
    if tasks > 1:
        rows.insert(0, Row(_("Tasks"), figures.count(tasks), _("the figures below are the first one's")))
    return rows


def _at_most(size: int | None) -> str:
    return _("unknown") if size is None else _("at most %(size)s") % {"size": figures.size(size)}


def _differs(answers: Answers) -> list[Row]:
    """What the person changed against the task that was opened; a copy's name is always another."""
    said: dict[str, list[Any]] = {**{name: [value] for name, value in answers.changes.items()}, **answers.lists}
    return [
        Row(
            _(option.label),
            ", ".join(in_words(option, value) for value in said[option.name]),
            in_words(option, answers.shown.get(option.name)),
            option.name,
        )
        for option in OPTIONS
        if option.name in said and (answers.edits or option.name != "taskName")
    ]
