"""Strict reading of environment variables: an unknown value fails at start with one readable line."""

from __future__ import annotations

import math
import os
import secrets
import zoneinfo
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


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
