"""The words of the state machine, with their groups and colours. The moves are in ``lifecycle``."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class TaskStatus(models.TextChoices):
    """Where a task stands. The wire sends the upper-case value."""

    PENDING = "PENDING", _("Pending")
    QUEUED = "QUEUED", _("Queued")
    RUNNING = "RUNNING", _("Running")
    PAUSED = "PAUSED", _("Paused")
    COMPLETED = "COMPLETED", _("Completed")
    FAILED = "FAILED", _("Failed")
    STOPPED = "STOPPED", _("Stopped")

    @property
    def tone(self) -> str:
        """The palette's name for this state; a word always stands beside the colour."""
        return _TONES[self]


STARTABLE = (TaskStatus.PENDING, TaskStatus.STOPPED, TaskStatus.FAILED, TaskStatus.PAUSED)
ACTIVE = (TaskStatus.QUEUED, TaskStatus.RUNNING)

_TONES = {
    TaskStatus.PENDING: "default",
    TaskStatus.QUEUED: "warning",
    TaskStatus.RUNNING: "info",
    TaskStatus.PAUSED: "default",
    TaskStatus.COMPLETED: "success",
    TaskStatus.FAILED: "danger",
    TaskStatus.STOPPED: "default",
}


class Executor(models.TextChoices):
    """Who runs a task."""

    PLATFORM = "platform", _("This platform")
    EXTERNAL = "external", _("External script")
    SAMPLE = "sample", _("Sample")


class Intent(models.TextChoices):
    """What a person wants of a running task; the worker carries it out at the next checkpoint."""

    STOP = "stop", _("Stopping")
    PAUSE = "pause", _("Pausing")


class Visibility(models.TextChoices):
    """Who may see a task, a preset or a data set, apart from its owner and the administrators."""

    PRIVATE = "private", _("Only me")
    TEAM = "team", _("My teams")
    EVERYONE = "everyone", _("Everyone who can log in")


class Role(models.TextChoices):
    """What a person may do. Each is a Django group of that name; every other group is a team."""

    ADMINISTRATOR = "R_ADMIN", _("Administrator")
    ENGINEER = "R_ENGINEER", _("Engineer")
    ANNOTATOR = "R_ANNOTATOR", _("Annotator")
    VIEWER = "R_VIEWER", _("Viewer")


SUPERUSER_ROLE = "R_SUPER"
"""What clients are told about Django's superusers; no group has this name."""
