"""Accounts, roles and teams: what administrators write, noted in the audit log with what was before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Q

from distillation.contract.sentence import Problem, Sentence, gettext_noop
from distillation.models import Role, Team
from distillation.services import audit

MAX_NAME = 64
"""Characters of a user name: ``create_by`` keeps no more."""
ROLE_PREFIX = "R_"


def team_name_problem(name: str) -> Problem | None:
    """Why a team cannot have this name."""
    if not name.upper().startswith(ROLE_PREFIX):
        return None
    return Problem(
        "name",
        Sentence(gettext_noop("Names that begin with {prefix} are kept for roles."), {"prefix": ROLE_PREFIX}),
    )


def account_facts(user: User) -> dict[str, Any]:
    """What the audit log keeps of an account: its columns, roles and teams, never the password."""
    names = sorted(user.groups.values_list("name", flat=True))
    return {
        **audit.facts(user),
        "roles": [name for name in names if name in Role.values],
        "teams": [name for name in names if name not in Role.values],
    }


def set_groups(user: User, roles: Iterable[str], in_teams: Iterable[Group]) -> None:
    """Give the person exactly these roles and teams."""
    wanted = [Group.objects.get_or_create(name=name)[0] for name in roles if name in Role.values]
    user.groups.set([*wanted, *in_teams])


def note_account(verb: str, user: User, actor: str, before: Mapping[str, Any] | None = None) -> None:
    """Note that an account was written."""
    audit.write(verb, user, actor, dict(before or {}), account_facts(user))


def note_password(user: User, actor: str) -> None:
    """Note that a password was set or switched off; what it is stays unknown."""
    audit.write("password", user, actor, {}, {"password_set": user.has_usable_password()})


def loses_last_administrator(user: User) -> bool:
    """Whether nobody could administer any more if this person did not."""
    administering = Q(is_superuser=True) | Q(groups__name=Role.ADMINISTRATOR)
    return not User.objects.filter(administering, is_active=True).exclude(pk=user.pk).exists()


def team_facts(team: Group) -> dict[str, Any]:
    """What the audit log keeps of a team: its name and its members."""
    return {"name": team.name, "members": sorted(team.user_set.values_list("username", flat=True))}


def delete_team(team: Team, actor: str) -> None:
    """Take a team away; its members keep everything else."""
    with transaction.atomic():
        audit.write("delete", team, actor, team_facts(team), {})
        team.delete()
