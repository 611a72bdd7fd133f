"""Tokens for scripts: only a hash is kept, so a token is shown once and can be revoked, not recovered."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext_lazy as _
from rest_framework_api_key.models import AbstractAPIKey

from distillation.models.task import TrainingTask


class Scope(models.TextChoices):
    """What a token may do; never more than its owner may."""

    READ = "read", _("Read")
    WRITE = "write", _("Read and write")
    REPORT = "report", _("Report about one task")


class ScriptToken(AbstractAPIKey):
    """``Authorization: Bearer <prefix>.<secret>`` acts as its owner, within its scope."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="script_tokens", verbose_name=_("owner"))
    scope = models.CharField(_("scope"), max_length=8, choices=Scope, default=Scope.READ)
    task = models.ForeignKey(
        TrainingTask,
        to_field="task_id",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="tokens",
        verbose_name=_("training task"),
    )
    last_used = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    class Meta(AbstractAPIKey.Meta):
        db_table = "md_script_token"
        verbose_name = _("script token")  # type: ignore[assignment]
        verbose_name_plural = _("script tokens")  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"
