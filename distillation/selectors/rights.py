"""Who may see and do what: roles, teams, owners and visibility, in one place for REST and the console.

Owner = ``create_by``. A role says what a person may do at all; teams and visibility say with what.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db.models import F, Q, QuerySet

from distillation.models import SUPERUSER_ROLE, Role, Visibility

Rows = TypeVar("Rows", bound="QuerySet[Any]")
_CACHE = "_distillation_rights"


@dataclass(frozen=True, slots=True)
class Rights:
    """What one person may do."""

    username: str = ""
    roles: frozenset[str] = field(default_factory=frozenset)
    """Role values, and SUPERUSER_ROLE."""
    teams: frozenset[str] = field(default_factory=frozenset)
    """Names of the groups that are no roles."""

    @property
    def administers(self) -> bool:
        """Sees and changes everything."""
        return bool(self.roles & {SUPERUSER_ROLE, Role.ADMINISTRATOR})

    @property
    def may_create(self) -> bool:
        """Creates tasks, presets and data sets, and runs its own."""
        return self.administers or Role.ENGINEER in self.roles

    @property
    def may_use_models(self) -> bool:
        """Downloads finished models and labels with them."""
        return self.may_create or Role.ANNOTATOR in self.roles

    @property
    def has_role(self) -> bool:
        """Whether the person was given anything to do here."""
        return bool(self.roles)

    def owns(self, owner: str | None) -> bool:
        """Whether rows of this owner are the person's own."""
        return bool(self.username) and owner == self.username

    def may_change(self, owner: str | None) -> bool:
        """Administrators change everything, engineers what is their own; rows without an owner are administrators'."""
        return self.administers or (self.may_create and self.owns(owner))


def rights(user: User | AnonymousUser) -> Rights:
    """The person's rights; read once a request."""
    found: Rights | None = getattr(user, _CACHE, None)
    if found is None:
        found = rights_from(user, user.groups.values_list("name", flat=True)) if user.is_authenticated else _nobody()
        remember(user, found)
    return found


def rights_from(user: User | AnonymousUser, groups: Iterable[str]) -> Rights:
    """The rights that follow from the names of the person's groups."""
    names = frozenset(groups)
    roles = names & frozenset(Role.values)
    if user.is_superuser:
        roles |= {SUPERUSER_ROLE}
    return Rights(user.get_username(), roles, names - roles)


def _nobody() -> Rights:
    """Somebody who has not logged in reads what every viewer may read, where the operator opened that."""
    return Rights(roles=frozenset({Role.VIEWER})) if settings.DISTILLATION_PUBLIC_READ else Rights()


def remember(user: User | AnonymousUser, found: Rights) -> None:
    """Keep the rights with the user object, for the length of the request."""
    setattr(user, _CACHE, found)


def user_with_rights(**lookup: object) -> User | None:
    """The user and the names of its groups in one query; None when there is no such user."""
    rows = list(User.objects.filter(**lookup).annotate(group_name=F("groups__name")))
    if not rows:
        return None
    user = rows[0]
    remember(user, rights_from(user, [row.group_name for row in rows if row.group_name]))
    return user


def rights_of(username: str | None) -> Rights | None:
    """The rights of an owner by name; None for rows without an owner and for owners without an account."""
    user = user_with_rights(username=username) if username else None
    return None if user is None else rights(user)


def visible(rows: Rows, seen_by: Rights) -> Rows:
    """Narrow rows with ``create_by`` and ``visibility`` to what the person may see.

    Own rows, rows for everyone, rows of people who share a team, and for everyone who holds a role also the
    rows whose owner is in no team (or has no account).
    """
    if seen_by.administers:
        return rows
    may_see = Q(visibility=Visibility.EVERYONE)
    if seen_by.username:
        may_see |= Q(create_by=seen_by.username)
    team_rows = Q(visibility=Visibility.TEAM)
    if seen_by.teams:
        may_see |= team_rows & Q(create_by__in=_members(Group.objects.filter(name__in=seen_by.teams)))
    if seen_by.has_role:
        in_a_team = _members(Group.objects.exclude(name__in=Role.values))
        may_see |= team_rows & (Q(create_by=None) | ~Q(create_by__in=in_a_team))
    return rows.filter(may_see)


def _members(groups: QuerySet[Group]) -> QuerySet[User, str]:
    return User.objects.filter(groups__in=groups).values_list("username", flat=True)
