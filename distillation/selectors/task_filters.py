"""Filters and orders of task lists: names, choices and limits in one place, which the schema reads too.

An empty parameter is no filter; a wrong one is a problem of that parameter.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters.fields import IsoDateTimeField

from distillation.contract.options import BY_NAME
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Sentence, gettext_noop
from distillation.models import Executor, TaskStatus, Visibility
from distillation.models.task import TaskQuerySet
from distillation.selectors.task_types import type_of_task

ORDERINGS = {
    "create_time": "createTime",
    "update_time": "updateTime",
    "task_name": "taskName",
    "status": "status",
    "progress": "progress",
    "accuracy": "accuracy",
    "best_accuracy": "bestAccuracy",
    "loss": "loss",
    "priority": "priority",
    "start_time": "startTime",
    "end_time": "endTime",
    "duration": "duration",
}
LONGEST = 255
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)
"""What every database and every time zone's offset can keep; no task is older or younger."""

_NO_CHOICE = gettext_noop("{option} cannot be {value}; available: {available}.")
_NO_NUMBER = gettext_noop("{option} must be a number from 0 to 100.")
_NO_TIME = gettext_noop("{option} must be a time such as 2026-01-31 13:45:00.")
_TOO_LONG = gettext_noop("{option} has more than {limit} characters.")


class Ordering(django_filters.OrderingFilter):  # type: ignore[misc]
    """Rows without a value come last, ties newest first."""

    def filter(self, qs: QuerySet[Any], value: list[str] | None) -> QuerySet[Any]:
        """The rows in the order that was asked for."""
        if not value:
            return qs
        columns = {name: column for column, name in ORDERINGS.items()}
        fields = [(F(columns[name.removeprefix("-")]), name.startswith("-")) for name in dict.fromkeys(value)]
        orders = [by.desc(nulls_last=True) if down else by.asc(nulls_last=True) for by, down in fields]
        return qs.order_by(*orders, "-id")


class Status(django_filters.ChoiceFilter):  # type: ignore[misc]
    """A state, in capitals or not."""


class MomentField(IsoDateTimeField):  # type: ignore[misc]
    """A time, in the site's zone unless it names another."""

    def clean(self, value: Any) -> datetime | None:
        """The time. Raises ValidationError."""
        try:
            moment: datetime | None = super().clean(value)
        except OverflowError as error:  # the last hours of the calendar, in another zone
            raise ValidationError("", code="invalid") from error
        return None if moment is None else min(max(moment, FIRST), LAST)


class Moment(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    """Before or after a time."""

    field_class = MomentField


def text(column: str, label: Any, **options: Any) -> django_filters.CharFilter:
    """A filter for a text; its length is bounded, since some databases refuse long patterns."""
    return django_filters.CharFilter(column, label=label, max_length=LONGEST, **options)


class ModelFilters(django_filters.FilterSet):  # type: ignore[misc]
    """What completed models can be narrowed by. The names are those of the wire."""

    minAccuracy = django_filters.NumberFilter(  # noqa: N815
        "accuracy", "gte", label=_("Only models with at least this accuracy, in percent."), min_value=0, max_value=100
    )
    teacherModel = text("teacher_model", _("Only tasks of this teacher."))  # noqa: N815
    studentModel = text("student_model", _("Only tasks of this student."))  # noqa: N815
    taskType = django_filters.ChoiceFilter(  # noqa: N815
        choices=[(kind, kind) for kind in BY_NAME["taskType"].choices],
        label=_("Only tasks of this type."),
        method="of_type",
    )

    def of_type(self, tasks: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """By what the configuration states or the student's name says."""
        of_type: QuerySet[Any] = tasks.alias(kind=type_of_task()).filter(kind=value)
        return of_type


class TaskFilters(ModelFilters):
    """What lists of tasks can be narrowed by."""

    minAccuracy = None  # noqa: N815
    status = Status(choices=TaskStatus.choices, label=_("Only tasks in this state."))
    keyword = text("", _("Part of the name, the id or the description."), method="with_keyword")
    owner = text("create_by", _("Only tasks that this user created."))
    executor = django_filters.ChoiceFilter(choices=Executor.choices, label=_("Only tasks that are run by this."))
    visibility = django_filters.ChoiceFilter(choices=Visibility.choices, label=_("Only tasks with this visibility."))
    groupId = text("group_id", _("Only tasks of this group of clones."))  # noqa: N815
    datasetId = text("dataset_id", _("Only tasks that learn from this data set."))  # noqa: N815
    createdAfter = Moment("create_time", "gte", label=_("Only tasks created then or later."))  # noqa: N815
    createdBefore = Moment("create_time", "lt", label=_("Only tasks created before."))  # noqa: N815
    ordering = Ordering(
        fields=tuple(ORDERINGS.items()), label=_("Keys to sort by, with commas; a minus before one: the largest first.")
    )

    def with_keyword(self, tasks: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """In one of the three texts."""
        return tasks.filter(
            Q(task_name__icontains=value) | Q(task_id__icontains=value) | Q(description__icontains=value)
        )


def filter_tasks(tasks: TaskQuerySet, asked: Mapping[str, str]) -> TaskQuerySet:
    """Narrow and sort by the parameters of :class:`TaskFilters`; others are ignored. Raises InvalidRequest."""
    return _filtered(TaskFilters, tasks, _texts(asked))


def filter_models(tasks: TaskQuerySet, asked: Mapping[str, str]) -> TaskQuerySet:
    """Narrow by the parameters of :class:`ModelFilters`. Raises InvalidRequest."""
    return _filtered(ModelFilters, tasks, _texts(asked))


def _texts(asked: Mapping[str, str]) -> dict[str, str]:
    return {name: asked[name].strip() for name in asked}


def _filtered(kind: type[ModelFilters], tasks: TaskQuerySet, asked: dict[str, str]) -> TaskQuerySet:
    given = {name: value for name, value in asked.items() if value and name in kind.base_filters}
    if not given:
        return tasks
    found = kind(given | ({"status": given["status"].upper()} if "status" in given else {}), queryset=tasks)
    if not found.is_valid():
        raise InvalidRequest([_problem(found, name, given[name]) for name in found.errors])
    narrowed: TaskQuerySet = found.qs
    return narrowed


def _problem(found: ModelFilters, name: str, value: str) -> Problem:
    """The sentence about one wrong parameter."""
    kind = found.filters[name]
    params: dict[str, Any] = {"option": name}
    if "choices" in kind.extra:
        words = [word for word, _label in kind.extra["choices"] if not word.startswith("-")]
        sentence = Sentence(_NO_CHOICE, {**params, "value": value[:50], "available": ", ".join(words)})
    elif isinstance(kind, django_filters.NumberFilter):
        sentence = Sentence(_NO_NUMBER, params)
    elif isinstance(kind, Moment):
        sentence = Sentence(_NO_TIME, params)
    else:
        sentence = Sentence(_TOO_LONG, {**params, "limit": LONGEST})
    return Problem(name, sentence)
