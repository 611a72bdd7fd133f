"""The log of status changes: who, when, why. Written with the change, in one transaction."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from distillation.models.choices import TaskStatus
from distillation.models.fields import LocalNow, ShortTextField
from distillation.models.task import TrainingTask


class TaskTransition(models.Model):
    """One move. ``from_status`` equals ``to_status`` where only an intent, a deletion or a model changed."""

    task = models.ForeignKey(
        TrainingTask,
        to_field="task_id",
        db_column="task_id",
        on_delete=models.RESTRICT,
        related_name="transitions",
        verbose_name=_("training task"),
    )
    from_status = models.CharField(_("from"), max_length=20, choices=TaskStatus)
    to_status = models.CharField(_("to"), max_length=20, choices=TaskStatus)
    actor = models.CharField(_("who"), max_length=64)
    reason = ShortTextField(_("why"), default="", db_default="")
    attempt = models.IntegerField(_("attempt"), default=0, db_default=0)
    at = models.DateTimeField(_("when"), default=timezone.now, db_default=LocalNow())

    class Meta:
        db_table = "md_task_transition"
        verbose_name = _("transition")
        verbose_name_plural = _("transitions")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.from_status} → {self.to_status}"
