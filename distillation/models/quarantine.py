"""What an adopted database held that could not stay as it was: whole rows and single values, with the reason.

Nothing reads these rows to decide anything; they are here so that nobody has lost them.
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from distillation.models.fields import LocalNow


class QuarantineReason(models.TextChoices):
    """Why a row or a value could not stay."""

    ORPHAN = "orphan", _("Its task does not exist")
    DUPLICATE_EPOCH = "duplicate_epoch", _("A newer record of the same epoch exists")
    DUPLICATE_NAME = "duplicate_name", _("The name is taken by an older row")
    DUPLICATE_TASK_ID = "duplicate_task_id", _("The task id is taken by an older row")
    OTHER_SPELLING = "other_spelling", _("The same in another spelling")
    NOT_JSON = "not_json", _("No JSON of the kind that the column holds")
    TOO_LONG = "too_long", _("Longer than the column")
    ROUNDED = "rounded", _("More decimals than the column")
    OUT_OF_RANGE = "out_of_range", _("Outside the column's range, or no number at all")
    NO_DATE = "no_date", _("No date that exists")
    MISSING = "missing", _("Empty where a value is needed")
    UNKNOWN_STATUS = "unknown_status", _("No status of this platform")
    NO_END_TIME = "no_end_time", _("Completed without an end time; it was taken from update_time")
    LOST_CONTACT = "lost_contact", _("Running or queued in another system")
    WRONG_CHARSET = "wrong_charset", _("UTF-8 text in a column of another character set")
    NO_TEXT = "no_text", _("Bytes that are no text")


class Quarantine(models.Model):
    """A whole row (``column_name`` is NULL, ``value`` a JSON object) or one value of a row that stayed."""

    table_name = models.CharField(_("table"), max_length=64)
    row_id = models.BigIntegerField(_("row"), null=True)
    task_id = models.CharField(_("task id"), max_length=255, null=True)
    column_name = models.CharField(_("column"), max_length=64, null=True)
    value = models.TextField(_("value"), null=True)
    replacement = models.TextField(_("what the column holds now"), null=True)
    reason = models.CharField(_("reason"), max_length=32, choices=QuarantineReason)
    at = models.DateTimeField(_("when"), default=timezone.now, db_default=LocalNow())

    class Meta:
        db_table = "md_quarantine"
        verbose_name = _("quarantined value")
        verbose_name_plural = _("quarantine")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["table_name", "row_id"], name="idx_quarantine_row"),
            models.Index(fields=["reason"], name="idx_quarantine_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.table_name} {self.row_id} {self.column_name or ''} ({self.reason})"


class AdoptionStep(models.Model):
    """One thing that ``adopt_legacy_database`` did, in order."""

    step = models.CharField(_("step"), max_length=64)
    detail = models.TextField(_("what was done"))
    rows = models.BigIntegerField(_("rows"), null=True)
    at = models.DateTimeField(_("when"), default=timezone.now, db_default=LocalNow())

    class Meta:
        db_table = "md_adoption_step"
        verbose_name = _("adoption step")
        verbose_name_plural = _("adoption steps")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.step}: {self.detail}"
