"""How far an attempt's events have been stored: kept with the rows themselves, in one transaction.

A database that went back to a backup therefore asks for exactly what it lost.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from distillation.models.task import TrainingTask


class EventPosition(models.Model):
    """The bytes of ``events-<attempt>.jsonl`` that are in the database."""

    task = models.ForeignKey(
        TrainingTask,
        on_delete=models.CASCADE,
        related_name="event_positions",
        verbose_name=_("training task"),
        db_index=False,  # the constraint below begins with it
    )
    attempt = models.IntegerField(_("attempt"))
    bytes_stored = models.BigIntegerField(_("bytes stored"))
    cuts = models.IntegerField(
        _("cuts"), default=0, help_text=_("How often points of earlier attempts were superseded.")
    )

    class Meta:
        db_table = "md_event_position"
        verbose_name = _("position in the events")
        verbose_name_plural = _("positions in the events")
        constraints = [models.UniqueConstraint(fields=["task", "attempt"], name="uk_event_position")]

    def __str__(self) -> str:
        return f"{self.task_id} · {self.attempt} · {self.bytes_stored}"
