"""Trials: a person asks a finished model and its teacher about a few pictures or texts of their own."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from distillation.models.choices import Intent
from distillation.models.fields import LocalNow, ShortTextField
from distillation.models.inference import JobStatus

LEFT_AFTER = timedelta(seconds=60)
"""A page that has not asked for so long is closed. Browsers let pages behind others ask once a minute at least."""


def new_trial_id() -> str:
    """``TRY-`` and 16 upper-case hex digits."""
    return f"TRY-{secrets.token_hex(8).upper()}"


class TrialQuerySet(models.QuerySet["Trial"]):
    """Filters; a status is written by ``services.trial_states`` alone."""

    def of(self, username: str) -> TrialQuerySet:
        """A person's own, newest first: nobody else sees what somebody has uploaded."""
        return self.filter(create_by=username).order_by("-create_time", "-id")

    def queued(self) -> TrialQuerySet:
        """What a worker may claim, in the order in which it will."""
        return self.filter(status=JobStatus.QUEUED).order_by("id")

    def unfinished(self) -> TrialQuerySet:
        """What waits or runs."""
        return self.filter(status__in=(JobStatus.QUEUED, JobStatus.RUNNING))


class Trial(models.Model):
    """One trial::

        QUEUED ─claim→ RUNNING ─finish→ COMPLETED | FAILED
          │ ↖─give back─┘  │
          └─────stop→ STOPPED ←stop, or its page was left

    The moves are in ``services.trial_states``. What was asked and answered lies in its folder, for a while.
    """

    trial_id = models.CharField(_("trial id"), max_length=32, unique=True, default=new_trial_id)
    task_id = models.CharField(_("task id"), max_length=64)
    task_type = models.CharField(_("task type"), max_length=16)
    input_count = models.IntegerField(_("pictures or texts"), default=0)

    status = models.CharField(_("status"), max_length=16, choices=JobStatus, default=JobStatus.QUEUED)
    intent = models.CharField(_("intent"), max_length=8, choices=Intent, null=True, blank=True)
    phase = models.CharField(_("phase"), max_length=16, blank=True, default="")
    done = models.IntegerField(_("inputs done"), default=0)
    total = models.IntegerField(_("inputs in all"), default=0)
    error_detail = ShortTextField(_("error (for translation)"), null=True, blank=True)

    attempt = models.IntegerField(_("attempt"), default=0)
    lease_owner = models.CharField(_("worker"), max_length=64, null=True, blank=True)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    create_by = models.CharField(_("owner"), max_length=64)
    create_time = models.DateTimeField(_("created"), default=timezone.now, db_default=LocalNow(), editable=False)
    seen_at = models.DateTimeField(_("page last asked"), default=timezone.now)
    start_time = models.DateTimeField(_("started"), null=True, blank=True)
    end_time = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = TrialQuerySet.as_manager()

    class Meta:
        db_table = "md_trial"
        verbose_name = _("trial")
        verbose_name_plural = _("trials")
        indexes = [
            models.Index(fields=["status", "id"], name="idx_trial_queue"),
            models.Index(fields=["create_by", "create_time"], name="idx_trial_owner"),
        ]

    def __str__(self) -> str:
        return self.trial_id
