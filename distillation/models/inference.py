"""Labelling jobs: a finished model labels the pictures of one folder."""

from __future__ import annotations

import json
import secrets
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from distillation.contract.labelling import USUAL_BATCH, USUAL_THRESHOLD
from distillation.models.choices import Intent, Visibility
from distillation.models.fields import LocalNow, ShortTextField, TinyIntegerField


class JobStatus(models.TextChoices):
    """Where a job stands. The wire knows no QUEUED: such a job is RUNNING there, with a mark."""

    QUEUED = "QUEUED", _("Queued")
    RUNNING = "RUNNING", _("Running")
    COMPLETED = "COMPLETED", _("Completed")
    FAILED = "FAILED", _("Failed")
    STOPPED = "STOPPED", _("Stopped")


def new_inference_id() -> str:
    """``INF-`` and 8 upper-case hex digits."""
    return f"INF-{secrets.token_hex(4).upper()}"


class InferenceQuerySet(models.QuerySet["InferenceJob"]):
    """Filters; a status is written by ``services.inference_states`` alone."""

    def alive(self) -> InferenceQuerySet:
        """Jobs that are not deleted."""
        return self.filter(del_flag=0)

    def newest_first(self) -> InferenceQuerySet:
        """By creation, ties by id."""
        return self.order_by("-create_time", "-id")

    def queued(self) -> InferenceQuerySet:
        """What a worker may claim, in the order in which it will."""
        return self.alive().filter(status=JobStatus.QUEUED).order_by("queued_at", "id")


class InferenceJob(models.Model):
    """One job::

        QUEUED ─claim→ RUNNING ─finish→ COMPLETED | FAILED
          │  ↖──lost──┘   │
          └─────stop→ STOPPED ←stop

    A job that is STOPPED or FAILED goes back to QUEUED by resume. The moves are in ``services.inference_states``.
    """

    inference_id = models.CharField(_("job id"), max_length=32, unique=True, default=new_inference_id)
    task_id = models.CharField(_("task id"), max_length=64)
    model_type = models.CharField(_("student model"), max_length=100)
    task_type = models.CharField(_("task type"), max_length=16)
    model_path = models.CharField(_("model path"), max_length=500)
    model_sha256 = models.CharField(_("model checksum"), max_length=64, blank=True, default="")
    input_dir = models.CharField(_("folder of pictures"), max_length=500)
    output_dir = models.CharField(_("output folder"), max_length=500)
    dataset_id = models.CharField(_("data set"), max_length=100, null=True, blank=True)
    formats = models.CharField(_("formats"), max_length=100)
    threshold = models.FloatField(_("threshold"), default=USUAL_THRESHOLD)
    class_thresholds = ShortTextField(_("thresholds by class"), blank=True, default="{}")
    batch_size = models.IntegerField(_("batch size"), default=USUAL_BATCH)
    auto_import = models.BooleanField(_("register as a data set"), default=True)
    imported_dataset = models.CharField(_("registered data set"), max_length=100, null=True, blank=True)
    import_note = ShortTextField(_("why it is no data set"), null=True, blank=True)

    status = models.CharField(_("status"), max_length=16, choices=JobStatus, default=JobStatus.QUEUED)
    intent = models.CharField(_("intent"), max_length=8, choices=Intent, null=True, blank=True)
    total_images = models.IntegerField(_("pictures"), null=True, blank=True)
    processed_images = models.IntegerField(_("pictures done"), default=0)
    success_count = models.IntegerField(_("pictures labelled"), default=0)
    failure_count = models.IntegerField(_("pictures that failed"), default=0)
    empty_count = models.IntegerField(_("pictures without a label"), default=0)
    object_count = models.BigIntegerField(_("labels"), default=0)
    failures = ShortTextField(_("failures by name"), blank=True, default="[]")
    error_message = ShortTextField(_("error"), null=True, blank=True)
    error_detail = ShortTextField(_("error (for translation)"), null=True, blank=True)

    attempt = models.IntegerField(_("attempt"), default=0)
    lost_count = models.IntegerField(_("lost attempts"), default=0)
    lease_owner = models.CharField(_("worker"), max_length=64, null=True, blank=True)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    visibility = models.CharField(_("visibility"), max_length=16, choices=Visibility, default=Visibility.TEAM)
    create_by = models.CharField(_("owner"), max_length=64, null=True, blank=True)
    create_time = models.DateTimeField(_("created"), default=timezone.now, db_default=LocalNow(), editable=False)
    queued_at = models.DateTimeField(_("queued"), default=timezone.now)
    start_time = models.DateTimeField(_("started"), null=True, blank=True)
    end_time = models.DateTimeField(_("ended"), null=True, blank=True)
    duration = models.BigIntegerField(_("duration (s)"), null=True, blank=True)
    del_flag = TinyIntegerField(_("deleted"), default=0)

    objects = InferenceQuerySet.as_manager()

    class Meta:
        db_table = "md_inference_job"
        verbose_name = _("labelling job")
        verbose_name_plural = _("labelling jobs")
        indexes = [
            models.Index(fields=["status", "queued_at"], name="idx_inference_queue"),
            models.Index(fields=["create_time"], name="idx_inference_time"),
        ]

    def __str__(self) -> str:
        return self.inference_id

    @property
    def named_failures(self) -> list[list[Any]]:
        """Pairs of a picture and a sentence in the form of ``Sentence.as_json``; the first ones only."""
        try:
            value = json.loads(self.failures)
        except ValueError:
            return []
        return value if isinstance(value, list) else []
