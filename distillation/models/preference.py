"""How somebody wants the console to look, kept with the account so that another browser knows it, too."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext_lazy as _


class Theme(models.TextChoices):
    """The switch of the console's look, in its own words."""

    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")
    AUTO = "auto", _("System")


class Preference(models.Model):
    """Of one person; an empty text where nothing was chosen."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="preference")
    language = models.CharField(_("language"), max_length=16, blank=True)
    theme = models.CharField(_("theme"), max_length=8, choices=Theme, blank=True)
    columns = models.CharField(_("columns"), max_length=200, blank=True)
    """Of the list of tasks, by name, with commas."""

    class Meta:
        db_table = "md_preference"
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return str(self.pk)
