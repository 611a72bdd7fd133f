"""Names of teachers in older requests, and who stands for them here."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class TeacherAlias(models.Model):
    """``qwen-7b`` → ``qwen2.5-vl-7b``; it overrides the setting TEACHER_ALIASES."""

    alias = models.CharField(_("name in requests"), max_length=100, unique=True)
    teacher = models.CharField(
        _("teacher here"), max_length=100, help_text=_("A completed task's id or a directory below the models root.")
    )

    class Meta:
        db_table = "md_teacher_alias"
        verbose_name = _("teacher alias")
        verbose_name_plural = _("teacher aliases")
        ordering = ["alias"]

    def __str__(self) -> str:
        return f"{self.alias} → {self.teacher}"
