"""Data sets that somebody has registered: whose they are and who may see them. The files stay where they are."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from distillation.models.choices import Visibility
from distillation.models.fields import LocalNow


class Dataset(models.Model):
    """A folder of the data set root with an owner; a folder without a row is visible to everyone with a role."""

    dataset_id = models.CharField(_("folder"), max_length=100, unique=True)
    dataset_name = models.CharField(_("data set name"), max_length=255, blank=True, default="", db_default="")
    description = models.CharField(_("description"), max_length=500, blank=True, default="", db_default="")
    visibility = models.CharField(
        _("visibility"), max_length=16, choices=Visibility, default=Visibility.TEAM, db_default=Visibility.TEAM
    )
    create_by = models.CharField(_("owner"), max_length=64, null=True, blank=True)
    create_time = models.DateTimeField(_("created"), default=timezone.now, db_default=LocalNow(), editable=False)

    class Meta:
        db_table = "md_dataset"
        verbose_name = _("data set")
        verbose_name_plural = _("data sets")
        ordering = ["dataset_id"]

    def __str__(self) -> str:
        return self.dataset_name or self.dataset_id
