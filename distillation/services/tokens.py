"""Tokens for scripts: made, found, listed, revoked. Only the caller of :func:`create_token` ever sees the secret."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from distillation.contract.option import Option
from distillation.contract.request import InvalidRequest
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.models import Executor, Scope, ScriptToken, TrainingTask
from distillation.selectors import remember, rights_from
from distillation.services import audit
from distillation.services.audit import audited

MAX_DAYS = 3650
DEFAULT_DAYS = 90
MAX_TOKENS = 100
_USED_EVERY = timedelta(minutes=1)
"""How exactly ``last_used`` is kept: writing at every request would cost more than the request."""

_NAME = Option("name", "text", "", "", "", max_length=50)
_DAYS = Option("expiresInDays", "integer", "", "", "", minimum=1, maximum=MAX_DAYS)
_SCOPE = Option("scope", "text", "", "", "", choices=(Scope.READ.value, Scope.WRITE.value))


def find_token(raw: str) -> ScriptToken | None:
    """The usable token of that text with its user and the user's rights; None for every other text."""
    prefix, dot, _ = raw.partition(".")
    if not dot or not raw.isascii():
        return None
    rows = list(
        ScriptToken.objects.filter(prefix=prefix, revoked=False)
        .select_related("user")
        .annotate(group_name=F("user__groups__name"))
        .order_by()
    )
    if not rows or rows[0].has_expired or not rows[0].user.is_active or not rows[0].is_valid(raw):
        return None
    token: ScriptToken = rows[0]
    remember(token.user, rights_from(token.user, [row.group_name for row in rows if row.group_name]))
    _note_use(token)
    return token


def create_token(user: User, data: Mapping[str, Any], *, task: TrainingTask | None = None) -> tuple[ScriptToken, str]:
    """Make a token and return it with its secret text; with a task it only reports about that one.

    Raises InvalidRequest, and Refused for a task that no script runs.
    """
    values = _read(data, for_task=task is not None)
    if task is not None and task.executor != Executor.EXTERNAL:
        raise Refused(
            Sentence(
                gettext_noop("{task} is not run by an external script (executor {executor}), so it takes no reports."),
                {"task": task.task_id, "executor": task.executor},
            )
        )
    usable = ScriptToken.objects.filter(Q(expiry_date=None) | Q(expiry_date__gte=timezone.now()), revoked=False)
    if usable.filter(user=user).count() >= MAX_TOKENS:
        raise Refused(
            Sentence(
                gettext_noop("You have {limit} usable tokens, the most that are kept. Revoke one first."),
                {"limit": MAX_TOKENS},
            )
        )
    scope = Scope.REPORT if task is not None else Scope(values["scope"] or Scope.READ)
    with transaction.atomic():
        token, secret = ScriptToken.objects.create_key(
            name=values["name"] or (task.task_id if task is not None else ""),
            user=user,
            scope=scope,
            task=task,
            expiry_date=timezone.now() + timedelta(days=values["expiresInDays"] or DEFAULT_DAYS),
        )
        assert isinstance(token, ScriptToken)  # noqa: S101 - the manager's stub says less
        audit.note("create", token, user.get_username())
    return token, secret


def tokens_of(user: User) -> list[ScriptToken]:
    """The person's tokens, the newest first."""
    return list(ScriptToken.objects.filter(user=user).order_by("-created"))


def revoke_token(user: User, prefix: str) -> None:
    """Make a token of the person useless for ever. Raises ScriptToken.DoesNotExist."""
    revoke(ScriptToken.objects.get(user=user, prefix=prefix), user.get_username())


def revoke(token: ScriptToken, actor: str) -> None:
    """Make a token useless for ever; whether the actor may is checked before."""
    with audited("revoke", token, actor):
        token.revoked = True
        token.save(update_fields=["revoked"])


def _read(data: Mapping[str, Any], *, for_task: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for option in (_NAME, _DAYS, _SCOPE):
        raw = data.get(option.name)
        values[option.name] = None
        if raw is None or raw == "" or (for_task and option is _SCOPE):
            continue
        try:
            values[option.name] = read_value(option, raw)
        except Refused as refused:
            problems.append(Problem(option.name, refused.sentence))
    if not values["name"] and not for_task and not problems:
        problems.append(Problem("name", Sentence(gettext_noop("A token needs a name: what is it for?"))))
    if problems:
        raise InvalidRequest(problems)
    return values


def _note_use(token: ScriptToken) -> None:
    now: datetime = timezone.now()
    if token.last_used is None or token.last_used < now - _USED_EVERY:
        ScriptToken.objects.filter(pk=token.pk).update(last_used=now)
