"""The console's list of tasks: what an address asks for, narrowed, counted, and with each group folded to one row.

A value that means nothing is left out, and the page shows that it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db.models import Avg, Count, F, Max, Q, Sum, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.dateparse import parse_date

from distillation.contract.options import BY_NAME
from distillation.models import Dataset, Executor, TaskStatus, TrainingTask
from distillation.models.task import TaskQuerySet
from distillation.selectors.rights import Rights, visible
from distillation.selectors.task_types import type_of_task

STATUSES = TaskStatus.values
TYPES = tuple(str(kind) for kind in BY_NAME["taskType"].choices)
MODES = ("distillation", "direct")
SPANS = {"1": 1, "7": 7, "30": 30, "90": 90}
"""Days back from now."""
REAL = "real"
RUNS = (REAL, *Executor.values)
DELETED = ("yes", "all")
ORDERS = {
    "task": "task_name", "state": "status", "advance": "progress", "pair": "student_model", "data": "dataset_name",
    "best": "best_accuracy", "last": "accuracy", "loss": "loss", "took": "duration", "made": "create_time",
    "owner": "create_by", "ended": "end_time", "priority": "priority",
}  # fmt: skip
"""Word in the address → column."""
LONGEST = 255
MOST_CHOICES = 500
MOST_COMBINATIONS = 5000
_COLUMNS = (
    "task_id", "task_name", "status", "intent", "progress", "current_epoch", "total_epochs", "phase", "training_mode",
    "teacher_model", "student_model", "dataset_id", "dataset_name", "accuracy", "best_accuracy", "loss", "duration",
    "start_time", "end_time", "create_by", "create_time", "executor", "lost_contact_at", "del_flag", "group_id",
    "training_config", "priority", "visibility", "attempt",
)  # fmt: skip
"""What a row shows; the long texts stay where they are."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for; an empty text where it does not."""

    q: str = ""
    status: str = ""
    type: str = ""
    mode: str = ""
    student: str = ""
    dataset: str = ""
    owner: str = ""
    runs: str = ""
    deleted: str = ""
    since: str = ""
    first: str = ""
    last: str = ""
    group: str = ""
    fold: str = ""
    """``no``: every task has a row of its own."""
    o: str = ""

    def items(self) -> list[tuple[str, str]]:
        """The parameters that say something, in a fixed order."""
        return [(name, value) for name in self.__slots__ if (value := getattr(self, name))]

    @property
    def folds(self) -> bool:
        """Whether a group has one row."""
        return not self.group and self.fold != "no"


def read(query: Mapping[str, str]) -> Asked:
    """Read an address; what means nothing there is left out."""
    older = {"status": query.get("status__exact", "")}  # as addresses were written before
    said = {name: query.get(name) or older.get(name, "") for name in Asked.__slots__}
    given = {name: text.replace("\0", "").strip()[:LONGEST] for name, text in said.items()}
    given = {name: text.upper() if name == "status" else text for name, text in given.items()}
    allowed: dict[str, Iterable[str]] = {
        "status": STATUSES, "type": TYPES, "mode": MODES, "runs": RUNS, "deleted": DELETED, "since": SPANS,
        "fold": ("no",),
    }  # fmt: skip
    for name, values in allowed.items():
        given[name] = given[name] if given[name] in values else ""
    for name in ("first", "last"):
        given[name] = given[name] if _day(given[name]) else ""
    given["o"] = given["o"] if given["o"].removeprefix("-") in ORDERS else ""
    return Asked(**given)


def read_text(query: str) -> Asked:
    """The same for a query string, however long."""
    try:
        return read(dict(parse_qsl(query[:4000], max_num_fields=50)))
    except ValueError:
        return Asked()


def as_query(asked: Asked) -> str:
    """The query string that asks for this, always written in the same way."""
    return urlencode(asked.items())


def narrowed(asked: Asked, seen_by: Rights, *, any_status: bool = False) -> TaskQuerySet:
    """The tasks that are asked for, of those that the person may see; not folded, in no order."""
    tasks = visible(TrainingTask.objects.order_by(), seen_by).filter(_conditions(asked))
    if asked.status and not any_status:
        tasks = tasks.filter(status=asked.status)
    if asked.runs == REAL:
        tasks = tasks.exclude(executor=Executor.SAMPLE)
    return tasks.alias(kind=type_of_task()).filter(kind=asked.type) if asked.type else tasks


def rows(asked: Asked, tasks: TaskQuerySet) -> TaskQuerySet:
    """One row for each task without a group, and the best task of each group in its place; in the order asked for."""
    if asked.folds:
        place = Window(
            RowNumber(),
            partition_by=[F("group_id")],
            order_by=[F("best_accuracy").desc(nulls_last=True), F("id").desc()],
        )
        heads = tasks.filter(group_id__isnull=False).annotate(place=place).filter(place=1).values("pk")
        tasks = tasks.filter(Q(group_id=None) | Q(pk__in=heads))
    return tasks.order_by(*_order(asked)).only(*_COLUMNS)


def numbers(asked: Asked, tasks: TaskQuerySet) -> tuple[int, int]:
    """How many tasks there are, and in how many rows."""
    found = tasks.aggregate(
        tasks=Count("id"),
        single=Count("id", filter=Q(group_id=None)),
        groups=Count("group_id", distinct=True),
    )
    return found["tasks"], found["single"] + found["groups"] if asked.folds else found["tasks"]


def by_status(tasks: TaskQuerySet) -> dict[str, int]:
    """Tasks in each status."""
    return {row["status"]: row["n"] for row in tasks.values("status").annotate(n=Count("id"))}


def groups(tasks: TaskQuerySet, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What a folded row says of its group: sums and means over its tasks, and the number in each status."""
    wanted = list(ids)
    if not wanted:
        return {}
    states = {status: Count("id", filter=Q(status=status)) for status in TaskStatus.values}
    found = tasks.filter(group_id__in=wanted).values("group_id").annotate(
        n=Count("id"), best=Max("best_accuracy"), done=Avg("progress"), seconds=Sum("duration"),
        students=Count("student_model", distinct=True), datasets=Count("dataset_id", distinct=True), **states
    )  # fmt: skip
    return {str(row["group_id"]): dict(row) for row in found}


def choices(seen_by: Rights) -> dict[str, list[tuple[str, str]]]:
    """What owner, data set and student can be narrowed to, as (value, label), by name: two queries."""
    tasks = visible(TrainingTask.objects.alive(), seen_by).order_by()
    columns = list(tasks.values_list("create_by", "dataset_id", "student_model").distinct()[:MOST_COMBINATIONS])
    owners, datasets, students = ({row[place] for row in columns} for place in range(3))
    named = visible(Dataset.objects.order_by(), seen_by).values_list("dataset_id", "dataset_name")
    names: dict[str, str] = dict(named[:MOST_CHOICES])
    return {"owner": _sorted(owners), "student": _sorted(students), "dataset": _sorted(datasets, names)}


def _sorted(values: Iterable[str | None], names: Mapping[str, str] | None = None) -> list[tuple[str, str]]:
    pairs = [(value, (names or {}).get(value) or value) for value in values if value]
    return sorted(pairs, key=lambda pair: pair[1])[:MOST_CHOICES]


def _conditions(asked: Asked) -> Q:
    found = Q() if asked.deleted == "all" else Q(del_flag=1 if asked.deleted == "yes" else 0)
    exact = {
        "training_mode": asked.mode, "student_model": asked.student, "dataset_id": asked.dataset,
        "create_by": asked.owner, "group_id": asked.group, "executor": "" if asked.runs == REAL else asked.runs,
    }  # fmt: skip
    found &= Q(**{column: value for column, value in exact.items() if value})
    if asked.q:
        looked_at = ("task_name", "task_id", "teacher_model", "student_model", "description")
        words = Q()
        for column in looked_at:
            words |= Q(**{f"{column}__icontains": asked.q})
        found &= words
    if asked.since:
        found &= Q(create_time__gte=timezone.now() - timedelta(days=SPANS[asked.since]))
    if (day := _day(asked.first)) is not None:
        found &= Q(create_time__gte=_midnight(day))
    if (day := _day(asked.last)) is not None:
        found &= Q(create_time__lt=_midnight(day + timedelta(days=1)))
    return found


def _order(asked: Asked) -> list[Any]:
    """Rows without a value come last, ties newest first."""
    if not asked.o:
        return ["-create_time", "-id"]
    column = F(ORDERS[asked.o.removeprefix("-")])
    return [column.desc(nulls_last=True) if asked.o.startswith("-") else column.asc(nulls_last=True), "-id"]


def _day(text: str) -> date | None:
    try:
        day = parse_date(text) if text else None
    except ValueError:
        return None
    return day if day and 1970 <= day.year <= 9000 else None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
