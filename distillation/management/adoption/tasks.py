"""Tasks: every row stays, under an id of its own, and none goes to the queue by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.db.backends.utils import CursorWrapper

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.management.adoption.columns import TASK, rules
from distillation.management.adoption.converting import Converted, convert
from distillation.management.adoption.reading import rows
from distillation.management.adoption.same import Weights
from distillation.management.adoption.schema import Table
from distillation.models import Executor, TaskStatus
from distillation.models import QuarantineReason as Reason

_LONGEST_ID = 64
LOST = Sentence(gettext_noop("Taken over while it was running: the process that ran it belongs to another system."))
ENDED = Sentence(gettext_noop("Taken over without an end time: it was taken from the time of the last change."))
NOT_QUEUED = Sentence(gettext_noop("Taken over with the status {status}, which does not start anything here."))


@dataclass(frozen=True, slots=True)
class Parent:
    """What the rows of a task need of it."""

    task_id: str
    changed: str
    """Its update_time, for rows without a time of their own."""


@dataclass(slots=True)
class TaskRow:
    """A task as it will stand here, with the lines for its log."""

    converted: Converted
    status: str
    log: list[Sentence]


class Tasks:
    """Converts the tasks and remembers their ids for history and evaluations."""

    def __init__(self, cursor: CursorWrapper, table: Table, weights: Weights, now: str) -> None:
        self._cursor, self._table, self._weights, self._now = cursor, table, weights, now
        self._present = frozenset(table.columns)
        self._owner: dict[str, tuple[bool, int]] = {}
        self.parents: dict[str, Parent] = {}
        """By sort key of the original id."""

    def read(self) -> Iterator[TaskRow]:
        """Every task. ``parents`` is complete afterwards."""
        self._find_owners()
        for row in rows(self._cursor, self._table):
            converted = convert(TASK, row, rules(TASK), self._present)
            self._settle_id(converted)
            values = converted.values
            converted.fill("update_time", values.get("create_time"), self._now)
            converted.fill("create_time", values.get("start_time"), values.get("update_time"), self._now)
            converted.fill("task_name", values["task_id"])
            converted.fill("teacher_model", "")
            converted.fill("student_model", "")
            self._remember(converted)
            yield _with_state(converted, self._now)

    def _find_owners(self) -> None:
        """Of rows with the same id, the oldest that is not deleted keeps it."""
        narrow = Table(self._table.name, "", "", False, None, {
            name: column for name, column in self._table.columns.items() if name in ("task_id", "del_flag")
        })  # fmt: skip
        named = [row for row in rows(self._cursor, narrow) if row.texts["task_id"]]
        self._weights.learn(row.texts["task_id"] for row in named)
        for row in named:
            claim = (row.texts.get("del_flag") not in ("0", None), row.id)
            key = self._weights.of(str(row.texts["task_id"]))
            self._owner[key] = min(claim, self._owner.get(key, claim))

    def _settle_id(self, converted: Converted) -> None:
        text = converted.row.texts["task_id"]
        if not text or not text.strip():
            self._rename(converted, "TASK", Reason.MISSING)
        elif self._owner[self._weights.of(text)][1] != converted.row.id:
            self._rename(converted, text, Reason.DUPLICATE_TASK_ID)
        elif len(text) > _LONGEST_ID:
            self._rename(converted, text, Reason.TOO_LONG)

    def _rename(self, converted: Converted, base: str, reason: Reason) -> None:
        """Another id, made of the old one and the row's number."""
        number, attempt = str(converted.row.id), ""
        while True:
            suffix = f"_{number}{attempt}"
            candidate = base.rstrip()[: _LONGEST_ID - len(suffix)] + suffix
            if self._weights.of(candidate) not in self._owner:
                break
            attempt += "x"
        self._owner[self._weights.of(candidate)] = (False, converted.row.id)
        converted.notes = [replace(note, task_id=candidate) for note in converted.notes if note.column != "task_id"]
        converted.replace("task_id", candidate, reason)

    def _remember(self, converted: Converted) -> None:
        text = converted.row.texts["task_id"]
        if text and self._owner[self._weights.of(text)][1] == converted.row.id:
            self.parents[self._weights.of(text)] = Parent(
                str(converted.values["task_id"]), str(converted.values.get("update_time") or self._now)
            )


def _with_state(converted: Converted, now: str) -> TaskRow:
    """Put the status in order: what runs elsewhere is external, and nothing waits in our queue."""
    values, log = converted.values, list[Sentence]()
    values["executor"], values["lost_contact_at"] = Executor.PLATFORM.value, None
    if "status" not in values:
        return TaskRow(converted, TaskStatus.PENDING, log)
    found = converted.row.texts["status"] or ""
    known = found.strip().upper()
    if known not in TaskStatus.values:
        if found:
            converted.replace("status", TaskStatus.STOPPED.value, Reason.UNKNOWN_STATUS)
            log.append(Sentence(NOT_QUEUED.template, {"status": found[:64]}))
    elif known == TaskStatus.QUEUED:
        converted.replace("status", TaskStatus.PENDING.value, Reason.LOST_CONTACT)
        log.append(Sentence(NOT_QUEUED.template, {"status": found}))
    else:
        values["status"] = known
        if known != found:
            converted.note("status", found, known, Reason.OTHER_SPELLING)
    if values["status"] == TaskStatus.RUNNING:
        values["executor"], values["lost_contact_at"] = Executor.EXTERNAL.value, now
        converted.note("executor", None, Executor.EXTERNAL.value, Reason.LOST_CONTACT)
        log.append(LOST)
    _end_time(converted, log)
    return TaskRow(converted, str(values["status"]), log)


def _end_time(converted: Converted, log: list[Sentence]) -> None:
    """A completed task has ended; the last change of its row is the best that is known about when."""
    values = converted.values
    values.setdefault("end_time", None)
    changed = converted.row.texts.get("update_time") and values.get("update_time")
    if values["status"] == TaskStatus.COMPLETED and values["end_time"] is None and changed:
        converted.replace("end_time", changed, Reason.NO_END_TIME)
        log.append(ENDED)
