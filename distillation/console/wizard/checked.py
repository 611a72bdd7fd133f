"""What would become of the form as it stands: asked from the services while somebody types, shown in the last step.

The same functions answer ``/tasks/validate`` and the preview of clones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from distillation.admin import figures, words
from distillation.console.wizard import suggestions
from distillation.console.wizard.answers import Answers
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
from distillation.services.surroundings import Surroundings
from distillation.services.sweeps import PlannedTask
from distillation.services.teacher_fit import Candidate, teacher_problem
from distillation.services.validation import look_at, request_outline

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
    unfit: dict[str, str]
    """Teachers that cannot teach what is chosen, with the reason."""
    teacher: str
    """Who is suggested as teacher."""
    name: str
    """The name that is suggested."""
    marks: list[tuple[str, str]] = field(init=False)
    """By step: in words how many problems it has."""

    def __post_init__(self) -> None:
        numbers = Counter(said.step for said in (*self.refused, *self.stopped))
        self.marks = [
            (step.key, ngettext("%(n)s problem", "%(n)s problems", numbers[step.key]) % {"n": numbers[step.key]})
            for step in STEPS
            if numbers[step.key]
        ]


def look(answers: Answers, actor: str, candidates: Sequence[Candidate], around: Surroundings) -> Checked:
    """Ask the services about the form. ``around`` are those of the task's owner to be."""
    planned, refused = _plan(answers, actor)
    found = of_request(answers.first, actor, around)
    spoken_of = {problem.field for problem in refused} | answers.lists.keys()
    refused += [problem for problem in found.errors if problem.field not in spoken_of]
    stopped = _start_problems(planned) if planned else found.problems
    unfit = _unfit(answers, candidates, around)
    return Checked(
        refused=[_said(problem) for problem in refused],
        stopped=[_said(problem) for problem in stopped if problem not in refused],
        ignored=[_said(problem) for problem in found.not_applied],
        settings=list(_settings(found)),
        costs=_costs(found.estimates, len(planned)),
        differs=list(_differs(answers)) if answers.task else [],
        names=[one.name for one in planned],
        unfit=unfit,
        teacher=suggestions.best_teacher(candidates, unfit, found.values),
        name=suggested_name(answers.first, around) if answers.task is None else "",
    )


def suggested_name(values: dict[str, Any], around: Surroundings) -> str:
    """What a new task could be called."""
    data = str(values.get("datasetId") or "")
    known = data and around.unknown_dataset(data) is None
    return suggestions.name(values, around.outline(data).name if known else "")


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
    """What start would refuse of any of the group, each sentence once."""
    found = {(one.field, one.sentence.english()): one for task in planned for one in task.problems()}
    return list(found.values())


def _unfit(answers: Answers, candidates: Sequence[Candidate], around: Surroundings) -> dict[str, str]:
    """Why somebody cannot teach this; what is wrong elsewhere in the form plays no part."""
    request, _errors = look_at(answers.first, around, default_executor="platform")
    request = request.assumed()
    data = request.values["datasetId"]
    known = bool(data) and around.unknown_dataset(data) is None
    outline = request_outline(request, around) if known else None
    found = ((one.teacher.name, teacher_problem(one.teacher, request, outline)) for one in candidates)
    return {name: translate(sentence) for name, sentence in found if sentence is not None}


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
    said: dict[str, Any] = {**answers.changes, **{name: ", ".join(listed) for name, listed in answers.lists.items()}}
    return [
        Row(
            _(option.label),
            words.setting(said[option.name]),
            words.setting(answers.shown.get(option.name)),
            option.name,
        )
        for option in OPTIONS
        if option.name in said and (answers.edits or option.name != "taskName")
    ]
