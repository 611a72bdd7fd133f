"""Tasks that differ in the seed alone, and tasks with several seeds inside: mean ± deviation and paired differences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from distillation.admin import figures, loose
from distillation.console.compare.measured import Measured
from distillation.console.compare.settings_table import NAMES
from distillation.console.compare.statistics import ENOUGH, Paired, Spread, paired, spread

OF_THE_SEED = frozenset({"seed", "seeds"})
MOST_RUNS = 100
"""Of one evaluation; a script elsewhere may report anything."""


@dataclass(slots=True)
class Group:
    """Everything that was trained with the same settings, by seed, in percent."""

    first: Measured
    letters: list[str] = field(default_factory=list)
    student: dict[int, float] = field(default_factory=dict)
    control: dict[int, float] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    """Tasks with a seed that another one has already."""

    @property
    def name(self) -> str:
        """The letters of its tasks."""
        return " + ".join(self.letters)


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as the page shows it."""

    name: str
    seeds: str
    n: int
    student: str
    control: str
    difference: str
    sentence: str


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two groups, seed by seed."""

    name: str
    other: str
    """The second one, which is compared with the first of the page."""
    n: int
    difference: str
    interval: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Seeds:
    """The section of the page."""

    groups: list[GroupRow]
    pairs: list[PairRow]
    several: bool
    """Whether anything was trained with more than one seed."""

    @property
    def told_groups(self) -> list[GroupRow]:
        """Those of which more can be said than that one seed is one seed."""
        return [row for row in self.groups if row.n > 1]

    @property
    def single(self) -> str:
        """The others."""
        return ", ".join(row.name for row in self.groups if row.n == 1)

    @property
    def told_pairs(self) -> list[PairRow]:
        """Those with another number of common seeds than one."""
        return [row for row in self.pairs if row.n != 1]

    @property
    def single_pairs(self) -> str:
        """The others."""
        return ", ".join(row.other for row in self.pairs if row.n == 1)


def read(rows: list[Measured], settings: list[dict[str, Any]]) -> Seeds:
    """The groups in the order of their first tasks; the first one is what the others are compared with."""
    groups = grouped(rows, settings)
    return Seeds(
        groups=[_group_row(group) for group in groups],
        pairs=[_pair_row(groups[0], other) for other in groups[1:]],
        several=any(len(group.student) > 1 for group in groups),
    )


def grouped(rows: list[Measured], settings: list[dict[str, Any]]) -> list[Group]:
    """Evaluated tasks by their settings but for the seed, and by what they were measured on."""
    groups: dict[Any, Group] = {}
    for row, values in zip(rows, settings, strict=True):
        runs = list(_runs(row, values))
        if not runs:
            continue
        same = tuple(sorted((name, str(values[name])) for name in values if name not in NAMES | OF_THE_SEED))
        group = groups.setdefault((row.ground, same), Group(row))
        group.letters.append(row.one.letter)
        for seed, student, control in runs:
            if seed in group.student:
                group.repeated.append(row.one.letter)
                continue
            group.student[seed] = student
            if control is not None:
                group.control[seed] = control
    return list(groups.values())


def _runs(row: Measured, values: dict[str, Any]) -> Iterable[tuple[int, float, float | None]]:
    """Seed, student's figure and control's; those inside the evaluation where it has several."""
    inside = [loose.keys(run) for run in loose.objects(loose.part(row.details, "seeds").get("runs"))[:MOST_RUNS]]
    found = [(loose.number(run.get("seed")), loose.number(run.get("student")), run) for run in inside]
    runs = [
        (int(seed), student, loose.number(run.get("control")))
        for seed, student, run in found
        if seed is not None and student is not None
    ]
    if runs:
        return runs
    seed, student = loose.number(values.get("seed")), row.student.accuracy
    return [] if seed is None or student is None else [(int(seed), student, row.control.accuracy)]


def _group_row(group: Group) -> GroupRow:
    against = paired(group.control, group.student)
    return GroupRow(
        name=group.name,
        seeds=", ".join(map(str, group.student)),
        n=len(group.student),
        student=_shown(spread(list(group.student.values())), figures.percent),
        control=_shown(spread(list(group.control.values())), figures.percent),
        difference=_shown(against.spread if against else None, figures.points),
        sentence=" ".join(_about(group, against)),
    )


def _about(group: Group, against: Paired | None) -> list[str]:
    said = []
    if len(group.student) == 1:
        said.append(_("One seed: nothing can be said about chance."))
    elif against is not None:
        said.append(_verdict(against))
    elif len(group.student) < ENOUGH:
        said.append(_("Two seeds are few: the deviation itself is uncertain."))
    if group.repeated:
        text = _("%(tasks)s: a seed that is counted already is not counted again.")
        said.append(text % {"tasks": ", ".join(dict.fromkeys(group.repeated))})
    return said


def _pair_row(first: Group, other: Group) -> PairRow:
    name = _("%(other)s less %(first)s") % {"other": other.name, "first": first.name}
    if first.first.ground != other.first.ground:
        return PairRow(
            name, other.name, 0, figures.DASH, figures.DASH, _("Not compared: they were measured on different data.")
        )
    found = paired(first.student, other.student)
    if found is None:
        sentence = _("They have no seed in common; train both with the same seeds.")
        return PairRow(name, other.name, 0, figures.DASH, figures.DASH, sentence)
    interval = figures.DASH
    if found.low is not None and found.high is not None:
        interval = f"{figures.points(found.low)} … {figures.points(found.high)}"
    return PairRow(name, other.name, found.spread.n, _shown(found.spread, figures.points), interval, _verdict(found))


def _verdict(found: Paired) -> str:
    if found.low is None:
        text = _(
            "n = %(n)s is too small to tell a difference from chance; at least %(enough)s seeds are needed, 5 are "
            "better."
        )
        return text % {"n": found.spread.n, "enough": ENOUGH}
    if found.told:
        return _("More than chance explains (95 % interval of the paired t-test without zero).")
    return _("May be chance (the 95 % interval of the paired t-test holds zero).")


def _shown(found: Spread | None, style: Any) -> str:
    if found is None:
        return figures.DASH
    mean: str = style(found.mean)
    return mean if found.deviation is None else f"{mean} ± {found.deviation:.2f}"
