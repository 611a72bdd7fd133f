"""Named LoRA settings that people reuse."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from distillation.models.choices import Visibility
from distillation.models.fields import LocalNow, TinyIntegerField


class PresetQuerySet(models.QuerySet["LoraPreset"]):
    """Filters."""

    def alive(self) -> PresetQuerySet:
        """Presets that are not deleted."""
        return self.filter(del_flag=0)


class LoraPreset(models.Model):
    """Rank, alpha, dropout and target modules under a name."""

    preset_name = models.CharField(_("preset name"), max_length=100, unique=True)
    preset_desc = models.CharField(_("description"), max_length=500, null=True, blank=True)
    lora_rank = models.IntegerField(_("LoRA rank"), default=16, db_default=16)
    lora_alpha = models.IntegerField(_("LoRA alpha"), default=32, db_default=32)
    lora_dropout = models.DecimalField(
        _("LoRA dropout"), max_digits=5, decimal_places=3, default=Decimal("0.05"), db_default=Decimal("0.05")
    )
    target_modules = models.CharField(_("target modules"), max_length=500, null=True, blank=True)
    visibility = models.CharField(
        _("visibility"), max_length=16, choices=Visibility, default=Visibility.TEAM, db_default=Visibility.TEAM
    )
    create_by = models.CharField(_("owner"), max_length=64, null=True, blank=True)
    create_time = models.DateTimeField(_("created"), default=timezone.now, db_default=LocalNow(), editable=False)
    update_time = models.DateTimeField(_("changed"), auto_now=True, db_default=LocalNow())
    del_flag = TinyIntegerField(_("deleted"), default=0, db_default=0)

    objects = PresetQuerySet.as_manager()

    class Meta:
        db_table = "md_lora_preset"
        verbose_name = _("LoRA preset")
        verbose_name_plural = _("LoRA presets")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.preset_name
