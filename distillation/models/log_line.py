"""A task's log: what engine and worker said, as sentences that each reader sees in their own language."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from distillation.models.fields import LocalNow, ShortTextField
from distillation.models.task import TrainingTask


class LogLevel(models.IntegerChoices):
    """How much a line matters; the numbers are those of Python's logging."""

    DEBUG = 10, _("Debug")
    INFO = 20, _("Information")
    WARNING = 30, _("Warning")
    ERROR = 40, _("Error")


class LogSource(models.TextChoices):
    """Who said it."""

    ENGINE = "engine", _("Engine")
    WORKER = "worker", _("Worker")


class LineKind(models.TextChoices):
    """What a line reports; curves draw some of them as markers."""

    MESSAGE = "message", _("Message")
    STARTED = "started", _("Start")
    PHASE = "phase", _("Phase")
    CHECKPOINT = "checkpoint", _("Checkpoint")
    FINISHED = "finished", _("End")
    FAILED = "failed", _("Failure")


class LogLine(models.Model):
    """One line. ``text`` is in the site's language, for searching and for SQL; ``detail`` is the template."""

    task = models.ForeignKey(
        TrainingTask,
        on_delete=models.CASCADE,
        related_name="log_lines",
        verbose_name=_("training task"),
        db_index=False,  # the constraint and the index below begin with it
    )
    attempt = models.IntegerField(_("attempt"))
    sequence = models.BigIntegerField(
        _("number in the attempt"), null=True, help_text=_("Of the engine's event; empty for the worker's lines.")
    )
    at = models.DateTimeField(_("when"), default=timezone.now, db_default=LocalNow())
    level = models.SmallIntegerField(_("level"), choices=LogLevel, default=LogLevel.INFO)
    source = models.CharField(_("source"), max_length=8, choices=LogSource)
    kind = models.CharField(_("kind"), max_length=16, choices=LineKind, default=LineKind.MESSAGE)
    arm = models.CharField(_("arm"), max_length=8, default="")
    step = models.BigIntegerField(_("step"), null=True)
    text = ShortTextField(_("text"))
    detail = ShortTextField(_("text (for translation)"), default="")

    class Meta:
        db_table = "md_log_line"
        verbose_name = _("log line")
        verbose_name_plural = _("log lines")
        constraints = [models.UniqueConstraint(fields=["task", "attempt", "sequence"], name="uk_log_event")]
        indexes = [models.Index(fields=["task", "id"], name="idx_log_cursor")]

    def __str__(self) -> str:
        return f"{self.task_id} · {self.text[:80]}"
