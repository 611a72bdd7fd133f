"""The workers that have been seen, so that people learn why a task waits."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from distillation.models.fields import ShortTextField


class Worker(models.Model):
    """One worker process and when it last said that it lives."""

    name = models.CharField(_("worker"), max_length=64, unique=True)
    host = models.CharField(_("host"), max_length=255)
    pid = models.IntegerField("PID")
    slots = models.IntegerField(_("slots"))
    devices = ShortTextField(_("devices"), default="[]", db_default="[]")
    started_at = models.DateTimeField(_("started"))
    seen_at = models.DateTimeField(_("last seen"), db_index=True)

    class Meta:
        db_table = "md_worker"
        verbose_name = _("worker")
        verbose_name_plural = _("workers")
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return self.name
