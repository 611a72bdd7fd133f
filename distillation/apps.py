"""The application's registration."""

from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _

from distillation.management import checks  # noqa: F401 - being imported registers them


class DistillationConfig(AppConfig):
    """Collaborative training of large and small models."""

    name = "distillation"
    verbose_name = _("Collaborative training")

    def ready(self) -> None:
        """The pages of people stand below the same name as all others."""
        apps.get_app_config("auth").verbose_name = self.verbose_name
