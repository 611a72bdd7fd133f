"""One row an epoch of the student's training."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from distillation.models.fields import LocalNow
from distillation.models.task import TrainingTask


class TrainingHistory(models.Model):
    """Losses, accuracies (percent) and resources of one epoch."""

    task = models.ForeignKey(
        TrainingTask,
        to_field="task_id",
        db_column="task_id",
        on_delete=models.RESTRICT,
        related_name="history",
        verbose_name=_("training task"),
        db_index=False,  # the unique constraint below begins with it
    )
    epoch = models.IntegerField(_("epoch"))
    train_loss = models.DecimalField(_("training loss"), max_digits=10, decimal_places=6, null=True)
    val_loss = models.DecimalField(_("validation loss"), max_digits=10, decimal_places=6, null=True)
    distill_loss = models.DecimalField(_("distillation loss"), max_digits=10, decimal_places=6, null=True)
    hard_loss = models.DecimalField(_("hard loss"), max_digits=10, decimal_places=6, null=True)
    soft_loss = models.DecimalField(_("soft loss"), max_digits=10, decimal_places=6, null=True)
    train_accuracy = models.DecimalField(_("training accuracy"), max_digits=10, decimal_places=4, null=True)
    val_accuracy = models.DecimalField(_("validation accuracy"), max_digits=10, decimal_places=4, null=True)
    gpu_usage = models.DecimalField(_("GPU (%)"), max_digits=5, decimal_places=2, null=True)
    memory_usage = models.DecimalField(_("memory (MB)"), max_digits=10, decimal_places=2, null=True)
    epoch_time = models.DecimalField(_("epoch time (s)"), max_digits=10, decimal_places=2, null=True)
    record_time = models.DateTimeField(_("recorded"), default=timezone.now, db_default=LocalNow())

    class Meta:
        db_table = "md_training_history"
        verbose_name = _("history record")
        verbose_name_plural = _("history")
        ordering = ["epoch", "id"]
        constraints = [models.UniqueConstraint(fields=["task", "epoch"], name="uk_task_epoch")]

    def __str__(self) -> str:
        return f"{self.task_id} · {self.epoch}"
