"""The connections of ``DATABASE_URL`` and ``DISTILLATION_CACHE_URL`` with what each engine needs to be safe here."""

from __future__ import annotations

import datetime
import zoneinfo
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

SQLITE_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
BUSY_SECONDS = 30


def database(url: str, home: Path, time_zone: str) -> dict[str, Any]:
    """Django's entry for the URL; empty means SQLite in the home. Raises ImproperlyConfigured."""
    url = url or f"sqlite:///{home / 'db.sqlite3'}"
    scheme = url.split(":", 1)[0]
    if scheme not in ("sqlite", "mysql", "postgres", "postgresql"):
        raise ImproperlyConfigured(
            f"DATABASE_URL starts with {scheme!r}; it must be sqlite:///path, mysql://… or postgres://…"
        )
    config: dict[str, Any] = dict(dj_database_url.parse(url))
    config["TIME_ZONE"] = time_zone
    options = config.setdefault("OPTIONS", {})
    if scheme == "sqlite":
        # A read that becomes a write in mid-transaction cannot be retried: take the write lock at the start.
        options.update(transaction_mode="IMMEDIATE", timeout=BUSY_SECONDS, init_command=SQLITE_PRAGMAS)
    elif scheme == "mysql":
        config["ENGINE"] = "distillation_site.mysql"
        # Defaults and ON UPDATE use the session's zone; legacy rows hold local time.
        options.update(
            charset="utf8mb4",
            isolation_level="read committed",
            init_command=f"SET time_zone = '{_offset(time_zone)}', sql_mode = 'STRICT_TRANS_TABLES'",
        )
        config["TEST"] = {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_unicode_ci"}
    config["CONN_MAX_AGE"] = 60  # the web's threads live on (see handler); opening one costs as much as three queries
    config["CONN_HEALTH_CHECKS"] = True
    return config


def cache(url: str) -> dict[str, Any]:
    """Django's entry for the shared cache; without one each process counts for itself. Raises ImproperlyConfigured."""
    if not url:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured(
            f"DISTILLATION_CACHE_URL starts with {url.split(':', 1)[0]!r}; it must be redis://host:6379/0."
        )
    return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url, "KEY_PREFIX": "distillation"}


def _offset(time_zone: str) -> str:
    """The zone's offset now, as ``+08:00``: named zones need tables that many servers lack."""
    delta = datetime.datetime.now(zoneinfo.ZoneInfo(time_zone)).utcoffset() or datetime.timedelta()
    minutes = int(delta.total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
