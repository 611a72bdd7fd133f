"""Strict reading of environment variables: an unknown value fails at start with one readable line."""

from __future__ import annotations

import math
import os
import secrets
import zoneinfo
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

PERIODS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
SHARED_SECRET_ALGORITHMS = ("HS256", "HS384", "HS512")
MIN_SECRET_BYTES = 32
"""RFC 7518, 3.2: a key as long as the hash's output."""


def text(name: str, default: str) -> str:
    """The variable, or the default when it is unset or empty."""
    return os.environ.get(name) or default


def flag(name: str, default: bool) -> bool:
    """``1`` or ``0``; anything else raises ImproperlyConfigured."""
    value = text(name, "1" if default else "0")
    if value not in ("0", "1"):
        raise ImproperlyConfigured(f"{name} is {value!r}; set it to 1 or 0.")
    return value == "1"


def number(name: str, default: float, *, minimum: float) -> float:
    """A finite number that is not below the minimum; anything else raises ImproperlyConfigured."""
    value = text(name, str(default))
    try:
        parsed = float(value)
    except ValueError:
        parsed = float("nan")
    if not math.isfinite(parsed) or parsed < minimum:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be a number of at least {minimum:g}.")
    return parsed


def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """One of the given words; anything else raises ImproperlyConfigured."""
    value = text(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}; it must be one of {', '.join(choices)}.")
    return value


def words(name: str, default: str) -> list[str]:
    """A comma-separated list without empty entries."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def pairs(name: str, default: str) -> dict[str, str]:
    """``a=b,c=d``; an entry without both sides raises ImproperlyConfigured."""
    found: dict[str, str] = {}
    for word in words(name, default):
        key, _, value = (part.strip() for part in word.partition("="))
        if not key or not value:
            raise ImproperlyConfigured(f"{name} has the entry {word!r}; write name=value, with commas between entries.")
        found[key] = value
    return found


def rate(name: str, default: str) -> tuple[int, int] | None:
    """``600/minute`` as (requests, seconds), ``off`` as None; anything else raises ImproperlyConfigured."""
    value = text(name, default)
    if value == "off":
        return None
    number_, _, period = value.partition("/")
    if not number_.isdigit() or int(number_) < 1 or period not in PERIODS:
        raise ImproperlyConfigured(f"{name} is {value!r}; write 600/minute ({', '.join(PERIODS)}), or off.")
    return int(number_), PERIODS[period]


@dataclass(frozen=True, slots=True)
class ForeignTokens:
    """How the tokens of another system are verified and read."""

    secret: str
    algorithms: tuple[str, ...]
    user_claim: str
    roles_claim: str
    """Empty: the roles that the person has here count."""
    issuer: str
    audience: str


def foreign_tokens() -> ForeignTokens | None:
    """None when no secret is set. Raises ImproperlyConfigured for a weak secret or an unknown algorithm."""
    secret = text("DISTILLATION_FOREIGN_TOKEN_SECRET", "")
    if not secret:
        return None
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise ImproperlyConfigured(
            f"DISTILLATION_FOREIGN_TOKEN_SECRET has {len(secret.encode())} bytes; it needs at least {MIN_SECRET_BYTES}."
        )
    algorithms = words("DISTILLATION_FOREIGN_TOKEN_ALGORITHMS", "HS256")
    unknown = [name for name in algorithms if name not in SHARED_SECRET_ALGORITHMS]
    if unknown or not algorithms:
        raise ImproperlyConfigured(
            f"DISTILLATION_FOREIGN_TOKEN_ALGORITHMS names {', '.join(unknown) or 'nothing'}; "
            f"with a shared secret it can be {', '.join(SHARED_SECRET_ALGORITHMS)}."
        )
    return ForeignTokens(
        secret=secret,
        algorithms=tuple(algorithms),
        user_claim=text("DISTILLATION_FOREIGN_TOKEN_USER_CLAIM", "sub"),
        roles_claim=text("DISTILLATION_FOREIGN_TOKEN_ROLES_CLAIM", ""),
        issuer=text("DISTILLATION_FOREIGN_TOKEN_ISSUER", ""),
        audience=text("DISTILLATION_FOREIGN_TOKEN_AUDIENCE", ""),
    )


def time_zone(name: str, default: str) -> str:
    """A name of the time zone database; anything else raises ImproperlyConfigured."""
    value = text(name, default)
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise ImproperlyConfigured(f"{name} is {value!r}, which is no time zone; try Asia/Shanghai.") from error
    return value


def secret_key(path: Path) -> str:
    """The key kept in a 0600 file, made at the first start; two processes that start at once agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)  # fails when the other process was first: its key counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
