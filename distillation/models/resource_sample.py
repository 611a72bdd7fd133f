"""What a run uses of its machine, measured every few seconds; a column is NULL where it cannot be measured."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from distillation.models.task import TrainingTask


class ResourceSample(models.Model):
    """One moment of one run."""

    task = models.ForeignKey(
        TrainingTask,
        on_delete=models.CASCADE,
        related_name="resource_samples",
        verbose_name=_("training task"),
        db_index=False,  # the index below begins with it
    )
    attempt = models.IntegerField(_("attempt"))
    time = models.FloatField(_("time (s since 1970)"))
    cpu_percent = models.FloatField(_("CPU (%)"), null=True, help_text=_("100 is one core."))
    memory_mb = models.FloatField(_("memory (MB)"), null=True)
    host_memory_percent = models.FloatField(_("memory of the host (%)"), null=True)
    gpu_percent = models.FloatField(_("GPU (%)"), null=True)
    gpu_memory_mb = models.FloatField(_("GPU memory (MB)"), null=True)
    gpu_temperature = models.FloatField(_("GPU temperature (°C)"), null=True)

    class Meta:
        db_table = "md_resource_sample"
        verbose_name = _("resource sample")
        verbose_name_plural = _("resource samples")
        indexes = [models.Index(fields=["task", "id"], name="idx_sample_cursor")]

    def __str__(self) -> str:
        return f"{self.task_id} · {self.time}"
