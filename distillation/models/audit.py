"""Who changed what over REST or in the console: written with the change, in one transaction, and never changed."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """One write by a person. ``before`` and ``after`` hold only what differs."""

    at = models.DateTimeField(_("when"), default=timezone.now)
    actor = models.CharField(_("who"), max_length=150)
    via = models.CharField(_("through"), max_length=64)
    address = models.CharField(_("from where"), max_length=45, blank=True)
    request_id = models.CharField(_("request"), max_length=100, blank=True)
    verb = models.CharField(_("what"), max_length=32)
    kind = models.CharField(_("kind"), max_length=32)
    object_id = models.CharField(_("id"), max_length=150)
    object_name = models.CharField(_("name"), max_length=255, blank=True)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)

    class Meta:
        db_table = "md_audit_entry"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["kind", "object_id"], name="idx_audit_object"),
            models.Index(fields=["actor"], name="idx_audit_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.verb} {self.kind} {self.object_id}"
