"""The console as Django's admin application, served by our own site object."""

from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AdminConfig):
    """``django.contrib.admin`` with :class:`distillation_site.console.ConsoleSite` in the place of its site."""

    default_site = "distillation_site.console.ConsoleSite"
