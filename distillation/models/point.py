"""Step metrics: one row a figure. Written in batches and read down-sampled, never by the object."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from distillation.contract.series import MAX_NAME
from distillation.models.fields import ExactCharField
from distillation.models.task import TrainingTask


class Figure(models.Model):
    """What a figure at one step consists of."""

    name = ExactCharField(_("metric"), max_length=MAX_NAME)
    arm = models.CharField(_("arm"), max_length=8)
    step = models.BigIntegerField(_("step"))
    epoch = models.IntegerField(_("epoch"), null=True)
    time = models.FloatField(_("time (s since 1970)"), null=True)
    value = models.FloatField(_("value"), null=True, help_text=_("Empty where the figure was not finite."))

    class Meta:
        abstract = True


class MetricPoint(Figure):
    """One figure at one step. The id is the cursor of those who follow a task."""

    task = models.ForeignKey(
        TrainingTask,
        on_delete=models.CASCADE,
        related_name="points",
        verbose_name=_("training task"),
        db_index=False,  # the constraint and the index below begin with it
    )

    class Meta:
        db_table = "md_metric_point"
        verbose_name = _("metric point")
        verbose_name_plural = _("metric points")
        constraints = [models.UniqueConstraint(fields=["task", "name", "arm", "step"], name="uk_point")]
        indexes = [models.Index(fields=["task", "id"], name="idx_point_cursor")]

    def __str__(self) -> str:
        return f"{self.task_id} · {self.arm} · {self.name} · {self.step}"


class SupersededPoint(Figure):
    """A point that a resumed run has taken anew: no longer of the curve, kept to be seen beneath it."""

    task = models.ForeignKey(
        TrainingTask,
        on_delete=models.CASCADE,
        related_name="superseded_points",
        verbose_name=_("training task"),
        db_index=False,  # the constraint below begins with it
    )
    attempt = models.IntegerField(_("superseded by attempt"))

    class Meta:
        db_table = "md_superseded_point"
        verbose_name = _("superseded point")
        verbose_name_plural = _("superseded points")
        constraints = [
            models.UniqueConstraint(fields=["task", "name", "arm", "attempt", "step"], name="uk_superseded_point")
        ]

    def __str__(self) -> str:
        return f"{self.task_id} · {self.arm} · {self.name} · {self.attempt} · {self.step}"
