"""The audit log: every write by a person over REST or in the console, with who, from where, before and after.

Called explicitly by the services that write, within their transaction. What workers and commands do has no
origin and is not noted here; a task's own moves are in the transition log anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from distillation.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from."""

    via: str
    """"rest" or "console"."""
    address: str
    request_id: str


_origin: ContextVar[Origin | None] = ContextVar("audit_origin", default=None)

_NOT_TOLD = frozenset({"password", "hashed_key", "update_time", "update_by", "last_login", "error_detail", "last_used"})
_LONGEST = 2000
"""Characters of a value that are kept."""


def begin(origin: Origin) -> Token[Origin | None]:
    """From here on, writes are noted with this origin."""
    return _origin.set(origin)


def end(token: Token[Origin | None]) -> None:
    """The request is over."""
    _origin.reset(token)


def facts(row: Model) -> dict[str, Any]:
    """The row's columns as JSON values; secrets and what changes at every write are left out."""
    return {
        field.name: _json(getattr(row, field.attname))
        for field in row._meta.concrete_fields
        if field.name not in _NOT_TOLD and not field.primary_key
    }


def note(verb: str, row: Model, actor: str, before: Mapping[str, Any] | None = None) -> None:
    """Note that the row was written; ``before`` are its earlier facts, None for a new one."""
    write(verb, row, actor, dict(before or {}), facts(row))


def write(verb: str, row: Model, actor: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Note a write by facts of any kind; what is equal in both is left out."""
    origin = _origin.get()
    if origin is None:
        return
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    AuditEntry.objects.create(
        actor=actor[:150],
        via=origin.via,
        address=origin.address[:45],
        request_id=origin.request_id[:100],
        verb=verb[:32],
        kind=(row._meta.model_name or "")[:32],
        object_id=_name_of(row),
        object_name=str(row)[:255],
        before={name: before.get(name) for name in changed} if before else None,
        after={name: after.get(name) for name in changed} if after else None,
    )


@contextmanager
def audited(verb: str, row: Model, actor: str) -> Iterator[None]:
    """Note what the block does to the row, in one transaction with it; nothing when it raises."""
    before = facts(row)
    with transaction.atomic():
        yield
        note(verb, row, actor, before)


def _name_of(row: Model) -> str:
    names = (getattr(row, name, None) for name in ("prefix", "inference_id", "task_id"))
    return str(next(filter(None, names), None) or row.pk or "")[:150]


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S") if timezone.is_aware(value) else str(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]} …"
    return value if isinstance(value, bool | int | float | None) else str(value)[:_LONGEST]
