"""The application's registration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from distillation.management import checks  # noqa: F401 - being imported registers them


class DistillationConfig(AppConfig):
    """Collaborative training of large and small models."""

    name = "distillation"
    verbose_name = _("Collaborative training")
