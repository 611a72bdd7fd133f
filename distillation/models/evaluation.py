"""What a finished model is worth on held-out data."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from distillation.models.fields import LocalNow, ShortTextField
from distillation.models.task import TrainingTask


class ModelEvaluation(models.Model):
    """The student's figures in percent; teacher, control and per-class ones are in ``detailed_results``."""

    task = models.ForeignKey(
        TrainingTask,
        to_field="task_id",
        db_column="task_id",
        on_delete=models.RESTRICT,
        related_name="evaluations",
        verbose_name=_("training task"),
    )
    precision = models.DecimalField(_("precision"), max_digits=10, decimal_places=4, null=True)
    recall = models.DecimalField(_("recall"), max_digits=10, decimal_places=4, null=True)
    f1_score = models.DecimalField(_("F1 score"), max_digits=10, decimal_places=4, null=True)
    map_50 = models.DecimalField("mAP50", max_digits=10, decimal_places=4, null=True)
    map_95 = models.DecimalField("mAP50-95", max_digits=10, decimal_places=4, null=True)
    eval_dataset_id = models.CharField(_("data set"), max_length=100, null=True)
    eval_dataset_name = models.CharField(_("data set name"), max_length=255, null=True)
    eval_sample_count = models.IntegerField(_("samples"), null=True)
    eval_time = models.DateTimeField(_("evaluated"), default=timezone.now, db_default=LocalNow())
    detailed_results = ShortTextField(_("detailed results"), null=True)

    class Meta:
        db_table = "md_model_evaluation"
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        ordering = ["-eval_time", "-id"]

    def __str__(self) -> str:
        return f"{self.task_id} · {self.eval_dataset_name or self.eval_dataset_id or '–'}"
