"""What a script elsewhere reports about an external task: progress, records, evaluations, its end."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any, cast

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from distillation import lifecycle
from distillation.contract.option import Option
from distillation.contract.request import InvalidRequest
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.models import Executor, ModelEvaluation, TaskStatus, TrainingHistory, TrainingTask
from distillation.services import audit, history
from distillation.services.audit import audited
from distillation.services.figures import fit, largest

MAX_RECORDS = 10_000
FIRST_YEAR, LAST_YEAR = 1970, 9998


def _integer(name: str, low: float, high: float) -> Option:
    return Option(name, "integer", "", "", "", minimum=low, maximum=high)


def _figure(name: str, low: float, high: float) -> Option:
    return Option(name, "number", "", "", "", minimum=low, maximum=high)


_EPOCH = _integer("epoch", 0, 2**31 - 1)
LARGEST = {name: largest(TrainingHistory, column) for name, column in history.COLUMNS.items()}
"""What the columns of a record keep; a larger figure is refused, since the column would hold another one."""
PERCENTAGES = frozenset({"trainAccuracy", "valAccuracy", "gpuUsage"})
RANGES = {name: (0.0, 100.0) if name in PERCENTAGES else (-most, most) for name, most in LARGEST.items()}
"""What each figure of a record may be."""
LARGEST_LOSS = largest(TrainingTask, "loss")
_RECORDED = {name: _figure(name, *limits) for name, limits in RANGES.items()}
_EVALUATION = {
    "precision": "precision",
    "recall": "recall",
    "f1Score": "f1_score",
    "map50": "map_50",
    "map95": "map_95",
}
_NO_FIGURE = gettext_noop("An evaluation needs at least one figure ({names}), or detailedResults.")


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
    if (value := _read(_figure("loss", -LARGEST_LOSS, LARGEST_LOSS), loss, problems)) is not None:
        changes["loss"] = fit(TrainingTask, "loss", value)
    if problems:
        raise InvalidRequest(problems)
    changes |= {
        "current_epoch": epoch,
        "progress": 100 * epoch // max(task.total_epochs, 1),
        "lease_until": timezone.now() + lifecycle.EXTERNAL_LEASE,
        "lost_contact_at": None,
        "update_by": actor,
        "update_time": timezone.now(),
    }
    # The database compares, so that of two reports at once the better one stays. One statement, every epoch of every
    # script: reading the row again afterwards would cost more than writing it.
    better = "accuracy" in changes and (task.best_accuracy is None or changes["accuracy"] > task.best_accuracy)
    if not _running(task).update(**(_if_best(changes) if better else {}), **changes):  # stopped or deleted meanwhile
        raise _not_running(task)
    if better:
        changes |= {"best_accuracy": changes["accuracy"], "best_epoch": epoch}
    for name, value in changes.items():
        setattr(task, name, value)
    return task


def report_complete(task: TrainingTask, actor: str) -> TrainingTask:
    """The script is done. Raises Refused."""
    _guard(task)
    with audited("complete", task, actor):
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
    with audited("fail", task, actor):
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
    """Keep an evaluation of a script's model (camelCase). Raises InvalidRequest and Refused.

    One that says its own time and is there already is not added again: a script that got no answer repeats it.
    """
    if task.executor != Executor.EXTERNAL:
        raise _not_external(task)
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for name, column in _EVALUATION.items():
        figure = _read(_figure(name, 0, 100), data.get(name), problems)
        values[column] = fit(ModelEvaluation, column, figure)
    values["eval_dataset_id"] = _read(Option("evalDatasetId", "text", "", "", "", max_length=100, number_too=True),
                                      data.get("evalDatasetId"), problems)  # fmt: skip
    values["eval_dataset_name"] = _read(Option("evalDatasetName", "text", "", "", "", max_length=255),
                                        data.get("evalDatasetName"), problems)  # fmt: skip
    values["eval_sample_count"] = _read(
        _integer("evalSampleCount", 0, 2**31 - 1), data.get("evalSampleCount"), problems
    )
    values["detailed_results"] = _json(data.get("detailedResults"), problems)
    values["eval_time"] = _time("evalTime", data.get("evalTime"), problems) or timezone.now()
    if not problems and not values["detailed_results"] and all(values[name] is None for name in _EVALUATION.values()):
        problems.append(Problem("", Sentence(_NO_FIGURE, {"names": ", ".join(_EVALUATION)})))
    if problems:
        raise InvalidRequest(problems)
    with transaction.atomic():
        heard_of(task)
        if data.get("evalTime") and (same := task.evaluations.filter(**values).first()):
            return same
        evaluation = ModelEvaluation.objects.create(task_id=task.task_id, **values)
        audit.note("evaluate", evaluation, actor)
    return evaluation


def _record(task: TrainingTask, record: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    if record.get("taskId") not in (None, "", task.task_id):
        sentence = Sentence(
            gettext_noop("The record is of {found}, the path says {task}."),
            {"found": str(record["taskId"])[:100], "task": task.task_id},
        )
        problems.append(Problem("taskId", sentence))
    epoch = _read(_EPOCH, record.get("epoch"), problems)
    if record.get("epoch") in (None, ""):
        problems.append(Problem("epoch", Sentence(gettext_noop("epoch is required."))))
    row = {column: _loss_or_resource(name, record.get(name), problems) for name, column in history.COLUMNS.items()}
    return row | {"epoch": epoch, "record_time": _time("recordTime", record.get("recordTime"), problems)}


def _loss_or_resource(name: str, raw: Any, problems: list[Problem]) -> float | None:
    """One figure of a record. The usual ones pass at once: a script that was offline sends thousands."""
    low, high = RANGES[name]
    if type(raw) in (float, int) and low <= raw <= high:
        return float(raw)
    return cast("float | None", _read(_RECORDED[name], raw, problems))


def _if_best(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The best accuracy and its epoch, unless another report was better meanwhile.

    The epoch comes first: MySQL assigns from left to right, and the condition is about the accuracy of before.
    """
    better = Q(best_accuracy=None) | Q(best_accuracy__lt=changes["accuracy"])
    values = {"best_epoch": changes["current_epoch"], "best_accuracy": changes["accuracy"]}
    return {name: Case(When(better, then=Value(value)), default=F(name)) for name, value in values.items()}


def _guard(task: TrainingTask) -> None:
    if task.executor != Executor.EXTERNAL:
        raise _not_external(task)
    if task.status != TaskStatus.RUNNING:
        raise _not_running(task)


def require_external(task: TrainingTask) -> None:
    """Let tasks of scripts pass. Raises Refused."""
    if task.executor != Executor.EXTERNAL:
        raise _not_external(task)


def heard_of(task: TrainingTask) -> None:
    """The script of a running task has spoken: its lease begins anew, contact is there."""
    _running(task).update(lease_until=timezone.now() + lifecycle.EXTERNAL_LEASE, lost_contact_at=None)


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
        if not isinstance(raw, (str, dict, list)):
            raise ValueError(raw)
        text = raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False)
        json.loads(text, parse_constant=_not_json)
        text.encode()
    except (ValueError, RecursionError):
        sentence = Sentence(gettext_noop("detailedResults must be JSON."))
    else:
        if len(text.encode()) <= 60_000:
            return text
        sentence = Sentence(gettext_noop("detailedResults is larger than 60,000 bytes."))
    problems.append(Problem("detailedResults", sentence))
    return None


def _not_json(name: str) -> Any:
    raise ValueError(name)


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
