"""What a script elsewhere reports about an external task: progress, records, evaluations, its end."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from distillation import lifecycle
from distillation.contract.options import Option
from distillation.contract.request import InvalidRequest
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.models import Executor, ModelEvaluation, TaskStatus, TrainingTask
from distillation.services import history
from distillation.services.figures import fit

FIGURE_LIMIT = 1e12
MAX_RECORDS = 10_000
FIRST_YEAR, LAST_YEAR = 1970, 9998
_EVALUATION = {
    "precision": "precision",
    "recall": "recall",
    "f1Score": "f1_score",
    "map50": "map_50",
    "map95": "map_95",
}


def report_progress(
    task: TrainingTask, actor: str, *, current_epoch: Any, accuracy: Any = None, loss: Any = None
) -> TrainingTask:
    """Take over the epoch, accuracy (percent) and loss; what is None stays as it was.

    Raises InvalidRequest, and Refused when the platform runs the task or it is not running.
    """
    _guard(task)
    problems: list[Problem] = []
    epoch = _read(_integer("currentEpoch", 0, task.total_epochs), current_epoch, problems)
    if epoch is None and not problems:
        problems.append(Problem("currentEpoch", Sentence(gettext_noop("currentEpoch is required."))))
    changes: dict[str, Any] = {}
    if (value := _read(_figure("accuracy", 0, 100), accuracy, problems)) is not None:
        changes["accuracy"] = fit(TrainingTask, "accuracy", value)
    if (value := _read(_figure("loss"), loss, problems)) is not None:
        changes["loss"] = fit(TrainingTask, "loss", value)
    if problems:
        raise InvalidRequest(problems)
    with transaction.atomic():
        current = TrainingTask.objects.select_for_update().get(pk=task.pk)
        best = current.best_accuracy
        if "accuracy" in changes and (best is None or changes["accuracy"] > best):
            changes |= {"best_accuracy": changes["accuracy"], "best_epoch": epoch}
        _running(current).update(
            **changes,
            current_epoch=epoch,
            progress=100 * epoch // max(task.total_epochs, 1),
            lease_until=timezone.now() + lifecycle.EXTERNAL_LEASE,
            lost_contact_at=None,
            update_by=actor,
            update_time=timezone.now(),
        )
    task.refresh_from_db()
    return task


def report_complete(task: TrainingTask, actor: str) -> TrainingTask:
    """The script is done. Raises Refused."""
    _guard(task)
    if not lifecycle.finish(task, actor):
        raise _not_running(task)
    return task


def report_error(task: TrainingTask, actor: str, message: Any) -> TrainingTask:
    """The script failed; its message is kept as it is. Raises InvalidRequest and Refused."""
    _guard(task)
    problems: list[Problem] = []
    text = _read(Option("errorMessage", "text", "", "", "", max_length=10_000), message, problems)
    if problems:
        raise InvalidRequest(problems)
    if not lifecycle.fail(task, actor, Sentence("{text}", {"text": text or "–"})):
        raise _not_running(task)
    return task


def record_history(task: TrainingTask, records: list[Mapping[str, Any]]) -> None:
    """Write history records of a script (camelCase). Raises InvalidRequest and Refused."""
    if task.executor != Executor.EXTERNAL:
        raise _not_external(task)
    problems: list[Problem] = []
    if len(records) > MAX_RECORDS:
        sentence = Sentence(
            gettext_noop("{count} records were sent; at most {limit} are taken at once."),
            {"count": len(records), "limit": MAX_RECORDS},
        )
        raise InvalidRequest([Problem("", sentence)])
    rows = [_record(task, record, problems) for record in records]
    if problems:
        raise InvalidRequest(problems)
    with transaction.atomic():
        history.upsert(task, rows)
        _running(task).update(lease_until=timezone.now() + lifecycle.EXTERNAL_LEASE, lost_contact_at=None)


def add_evaluation(task: TrainingTask, data: Mapping[str, Any], actor: str) -> ModelEvaluation:
    """Keep an evaluation of a script's model (camelCase). Raises InvalidRequest and Refused."""
    if task.executor != Executor.EXTERNAL:
        raise _not_external(task)
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for name, column in _EVALUATION.items():
        figure = _read(_figure(name, 0, 100), data.get(name), problems)
        values[column] = fit(ModelEvaluation, column, figure)
    values["eval_dataset_id"] = _read(Option("evalDatasetId", "text", "", "", "", max_length=100),
                                      data.get("evalDatasetId"), problems)  # fmt: skip
    values["eval_dataset_name"] = _read(Option("evalDatasetName", "text", "", "", "", max_length=255),
                                        data.get("evalDatasetName"), problems)  # fmt: skip
    values["eval_sample_count"] = _read(
        _integer("evalSampleCount", 0, 2**31 - 1), data.get("evalSampleCount"), problems
    )
    values["detailed_results"] = _json(data.get("detailedResults"), problems)
    values["eval_time"] = _time("evalTime", data.get("evalTime"), problems) or timezone.now()
    if problems:
        raise InvalidRequest(problems)
    return ModelEvaluation.objects.create(task_id=task.task_id, **values)


def _record(task: TrainingTask, record: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    if record.get("taskId") not in (None, "", task.task_id):
        sentence = Sentence(
            gettext_noop("The record is of {found}, the path says {task}."),
            {"found": str(record["taskId"])[:100], "task": task.task_id},
        )
        problems.append(Problem("taskId", sentence))
    epoch = _read(_integer("epoch", 0, 2**31 - 1), record.get("epoch"), problems)
    if record.get("epoch") in (None, ""):
        problems.append(Problem("epoch", Sentence(gettext_noop("epoch is required."))))
    row = {column: _read(_figure(name), record.get(name), problems) for name, column in history.COLUMNS.items()}
    return row | {"epoch": epoch, "record_time": _time("recordTime", record.get("recordTime"), problems)}


def _guard(task: TrainingTask) -> None:
    if task.executor != Executor.EXTERNAL:
        raise _not_external(task)
    if task.status != TaskStatus.RUNNING:
        raise _not_running(task)


def _not_external(task: TrainingTask) -> Refused:
    return Refused(
        Sentence(
            gettext_noop("{task} is not run by an external script (executor {executor}), so it takes no reports."),
            {"task": task.task_id, "executor": task.executor},
        )
    )


def _not_running(task: TrainingTask) -> Refused:
    task.refresh_from_db()
    return Refused(
        Sentence(
            gettext_noop("{task} is {status}; it takes reports while it is RUNNING. Start it first."),
            {"task": task.task_id, "status": task.status},
        )
    )


def _running(task: TrainingTask) -> Any:
    return TrainingTask.objects.filter(pk=task.pk, status=TaskStatus.RUNNING, executor=Executor.EXTERNAL)


def _integer(name: str, low: float, high: float) -> Option:
    return Option(name, "integer", "", "", "", minimum=low, maximum=high)


def _figure(name: str, low: float = -FIGURE_LIMIT, high: float = FIGURE_LIMIT) -> Option:
    return Option(name, "number", "", "", "", minimum=low, maximum=high)


def _read(option: Option, raw: Any, problems: list[Problem]) -> Any:
    if raw is None or raw == "":
        return None
    try:
        return read_value(option, raw)
    except Refused as refused:
        problems.append(Problem(option.name, refused.sentence))
        return None


def _json(raw: Any, problems: list[Problem]) -> str | None:
    if raw is None or raw == "":
        return None
    try:
        text = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)
        json.loads(text)
        text.encode()
    except (ValueError, RecursionError):
        sentence = Sentence(gettext_noop("detailedResults must be JSON."))
    else:
        if len(text.encode()) <= 60_000:
            return text
        sentence = Sentence(gettext_noop("detailedResults is larger than 60,000 bytes."))
    problems.append(Problem("detailedResults", sentence))
    return None


def _time(name: str, raw: Any, problems: list[Problem]) -> datetime.datetime | None:
    if raw is None or raw == "":
        return None
    try:
        moment = parse_datetime(raw) if isinstance(raw, str) else None
        # Years that every database and every time zone's offset can keep.
        if moment is not None and FIRST_YEAR <= moment.year <= LAST_YEAR:
            return moment if moment.tzinfo else timezone.make_aware(moment)
    except (ValueError, OverflowError):
        pass
    sentence = Sentence(gettext_noop("{option} must be a time such as 2026-01-31 13:45:00."), {"option": name})
    problems.append(Problem(name, sentence))
    return None
