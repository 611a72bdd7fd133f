"""The console and its accounts as Django's applications: our own site object, and our own words."""

from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.apps import AuthConfig
from django.utils.translation import gettext_lazy as _


class ConsoleConfig(AdminConfig):
    """``django.contrib.admin`` with :class:`distillation_site.console.ConsoleSite` in the place of its site."""

    default_site = "distillation_site.console.ConsoleSite"


class AccountsConfig(AuthConfig):
    """``django.contrib.auth``, which stands in the path above pages of people."""

    verbose_name = _("Administration")
