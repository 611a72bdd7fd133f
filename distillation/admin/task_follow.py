"""What the scripts of a task's page get to know: where to read on, from where, and the words they show."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from distillation.admin.metric_names import metric
from distillation.admin.report import Report
from distillation.admin.task_phases import plan
from distillation.models import Executor, LogLevel, TaskStatus, TrainingTask
from distillation.models.choices import ACTIVE
from distillation.selectors.changes import Place
from distillation.selectors.following import heads

POINTS = 1000
"""Of each curve; a picture is not wider than that."""
POINTS_OF_ALL = 2000
"""Of the curves of one name, where many arms share a picture."""
FEWEST_POINTS = 100


def following(task: TrainingTask, newest: Report | None, moves: list[dict[str, Any]]) -> dict[str, Any]:
    """For ``json_script``; one query. Nothing in it but names that the task's owner may choose is not ours."""
    found = heads([task.pk]).get(task.pk)
    watched = task.executor != Executor.SAMPLE and not task.del_flag
    return {
        "urls": _urls(task) if watched else {**_urls(task), "stream": ""},
        "place": str(Place.of(found)) if found else "",
        "active": task.status in ACTIVE,
        "maxPoints": min(POINTS, max(FEWEST_POINTS, POINTS_OF_ALL // len(plan(task).arms))),
        "zone": settings.TIME_ZONE,
        "metric": metric(task),
        "levels": _levels(newest),
        "moves": moves,
        "words": {**_chart_words(), **_curve_words(), **_log_words(), **_connection_words()},
    }


def _urls(task: TrainingTask) -> dict[str, str]:
    names = {"metrics": "metrics", "resources": "resources", "logs": "logs"}
    return {
        **{key: reverse(f"api:{name}", kwargs={"task_id": task.task_id}) for key, name in names.items()},
        "download": reverse("api:logs-download", kwargs={"task_id": task.task_id}),
        "stream": reverse("admin:distillation_trainingtask_stream", args=[task.pk]),
        "live": reverse("admin:distillation_trainingtask_live", args=[task.pk]),
        "login": reverse("admin:login"),
    }


def _levels(newest: Report | None) -> list[dict[str, Any]]:
    """What teacher and control reached, in percent."""
    if newest is None:
        return []
    pairs = [(_("Teacher"), "teacher", newest.teacher), (_("Control arm"), "control", newest.control)]
    return [{"name": name, "who": who, "value": value} for name, who, value in pairs if value is not None]


def _chart_words() -> dict[str, str]:
    return {
        "png": "PNG",
        "table": _("As a table"),
        "chart": _("As a chart"),
        "reset": _("Reset zoom"),
        "leftOut": _("{n} values of 0 or less have no place on a log scale"),
        "tableRows": _("The newest {n} of {total} rows"),
        "empty": _("No values yet"),
        "broken": _("The chart library could not be loaded; the table shows the values."),
        "step": _("Step"),
        "epoch": _("Epoch"),
        "time": _("Time"),
        "points": _("{n} points"),
        "pointsOf": _("{n} of {total} points"),
    }


def _curve_words() -> dict[str, str]:
    return {
        "loss": _("Loss"),
        "parts": _("Parts of the loss"),
        "lossTotal": _("total"),
        "hardLoss": _("hard loss"),
        "softLoss": _("soft loss"),
        "featureLoss": _("feature loss"),
        "train": _("training"),
        "validation": _("validation"),
        "learningRate": _("Learning rate"),
        "samplesPerSecond": _("Throughput"),
        "samplesUnit": _("samples/s"),
        "epochSeconds": _("Time of an epoch"),
        "usage": _("Utilisation"),
        "memory": _("Memory"),
        "cpu": _("CPU (100 % is one core)"),
        "hostMemory": _("Memory of the host"),
        "gpu": _("GPU"),
        "processMemory": _("Memory of the run"),
        "gpuMemory": _("GPU memory"),
        "noGpu": _("No GPU was measured"),
        "outside": _("{n} measurements outside the student's first training are shown over time only"),
        "student": _("student"),
        "control": _("control arm"),
        "seed": _("{who}, seed no. {n}"),
        "checkpoint": _("Checkpoint at step {step}"),
        "started": _("Attempt {n} begins"),
        TaskStatus.PAUSED.value: str(TaskStatus.PAUSED.label),
        TaskStatus.STOPPED.value: str(TaskStatus.STOPPED.label),
        TaskStatus.FAILED.value: str(TaskStatus.FAILED.label),
        "moreNames": _("{n} more curves have names of their own and are not drawn."),
        "superseded": _("Superseded"),
        "failed": _("The values could not be read; trying again."),
    }


def _log_words() -> dict[str, Any]:
    return {
        "logLevels": {level.name.lower(): str(level.label) for level in LogLevel},
        "noLines": _("Nothing has been logged yet."),
        "noMatch": _("No line matches."),
        "attempt": _("attempt {n}"),
        "newLines": _("{n} new lines below"),
    }


def _connection_words() -> dict[str, str]:
    return {
        "lost": _("The connection is lost; what you see is from {time}. Trying again."),
        "polling": _("Live updates are not available here; this page asks every {n} seconds."),
        "expired": _("Your session has ended; what you see is from {time}."),
        "login": _("Log in again"),
        "forbidden": _("You may no longer see this task; what you see is from {time}."),
        "gone": _("This task was deleted; what you see is from {time}."),
    }
