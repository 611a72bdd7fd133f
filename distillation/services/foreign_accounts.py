"""People whom another system has logged in: its tokens are verified by a shared secret and name a person here.

The other system is trusted to say who somebody is, and, where a claim for roles is configured, what role they
hold. It can never make a superuser.
"""

from __future__ import annotations

from typing import Any

import jwt
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.models import Role
from distillation.selectors import remember, rights, rights_from, user_with_rights

MAX_NAME = 64
"""What ``create_by`` keeps."""


class Expired(Exception):  # noqa: N818 - an answer, not a defect
    """The token was genuine, but its time is over."""


def user_of(raw: str) -> User | None:
    """The person of a token; an account is made at the first visit. None when no such token can be genuine.

    Raises Expired, and Refused when the token is genuine but names nobody who can have an account.
    """
    if settings.FOREIGN_TOKENS is None:
        return None
    claims = _verified(raw, settings.FOREIGN_TOKENS)
    if claims is None:
        return None
    name = claims.get(settings.FOREIGN_TOKENS.user_claim)
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        raise Refused(
            Sentence(
                gettext_noop("The token's claim {claim} must name a person with at most {limit} characters."),
                {"claim": settings.FOREIGN_TOKENS.user_claim, "limit": MAX_NAME},
            )
        )
    named = _roles(claims, settings.FOREIGN_TOKENS.roles_claim)
    user = user_with_rights(username=name) or _new(name)
    if not user.is_active:
        raise Refused(Sentence(gettext_noop("The account {name} is closed here."), {"name": name}))
    if named is not None:
        _take_over_roles(user, named)
    if user.is_superuser:
        # In memory only: nobody outside can act with the rights above all roles.
        user.is_superuser = user.is_staff = False
        remember(user, rights_from(user, rights(user).teams | (rights(user).roles & set(Role.values))))
    return user


def _verified(raw: str, rules: Any) -> dict[str, Any] | None:
    try:
        claims: dict[str, Any] = jwt.decode(
            raw,
            rules.secret,
            algorithms=list(rules.algorithms),
            issuer=rules.issuer or None,
            audience=rules.audience or None,
            options={"require": ["exp"], "verify_aud": bool(rules.audience)},
        )
    except jwt.ExpiredSignatureError as error:
        raise Expired from error
    except jwt.InvalidTokenError:
        return None
    return claims


def _new(name: str) -> User:
    user, made = User.objects.get_or_create(username=name)
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


def _roles(claims: dict[str, Any], claim: str) -> list[str] | None:
    """What the claim lists; nothing when the token has none, None when no claim decides.

    Raises Refused for anything else: a defect of the other system must not take anybody's roles away.
    """
    if not claim:
        return None
    named = claims.get(claim, [])
    if isinstance(named, str):
        return named.split(",")
    if isinstance(named, list) and all(isinstance(name, str) for name in named):
        return named
    raise Refused(
        Sentence(
            gettext_noop("The token's claim {claim} must hold roles, as a list of texts or a text with commas."),
            {"claim": claim},
        )
    )


def _take_over_roles(user: User, named: list[str]) -> None:
    """Write the roles when they differ; teams stay what they are here."""
    wanted = {name.strip() for name in named} & set(Role.values)
    held = rights(user).roles & set(Role.values)
    if wanted == held:
        return
    with transaction.atomic():
        user.groups.remove(*Group.objects.filter(name__in=held - wanted))
        user.groups.add(*Group.objects.filter(name__in=wanted - held))
    remember(user, rights_from(user, rights(user).teams | wanted))
