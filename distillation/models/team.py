"""Teams: Django's groups, without those that are roles."""

from __future__ import annotations

from django.contrib.auth.models import Group, GroupManager
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from distillation.models.choices import Role


class TeamManager(GroupManager):
    """Never a role, so that nobody renames or deletes one by mistake."""

    use_in_migrations = False

    def get_queryset(self) -> QuerySet[Group]:
        """The groups that are no roles, by name."""
        return super().get_queryset().exclude(name__in=Role.values).order_by("name")


class Team(Group):
    """People who see each other's rows; the rows of ``auth_group`` under their own name."""

    objects = TeamManager()  # type: ignore[misc]

    class Meta:
        proxy = True
        verbose_name = _("team")
        verbose_name_plural = _("teams")
