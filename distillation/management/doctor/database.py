"""Database: reachable, new enough, migrated, on a disk that SQLite can live on, with the right clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psutil
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.utils import NotSupportedError
from django.utils import timezone

from distillation.management.checks import HINT, waits_for_adoption
from distillation.management.doctor.finding import Finding, none, ok, problem
from distillation.management.installation import pending_migrations

NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "glusterfs", "lustre"})
"""File systems on which SQLite's WAL does not work: its shared memory needs one host."""
CLOCK_TOLERANCE = 60.0
"""Seconds by which the database's local time may differ from ours."""
_NOW = {
    "sqlite": "SELECT STRFTIME('%Y-%m-%d %H:%M:%S', 'now', 'localtime')",
    "mysql": "SELECT DATE_FORMAT(NOW(), '%Y-%m-%d %H:%i:%s')",
    "postgresql": "SELECT TO_CHAR(LOCALTIMESTAMP, 'YYYY-MM-DD HH24:MI:SS')",
}


def reachable() -> Finding:
    """Whether it answers, and its version. MySQL before 8.0.11 and MariaDB before 10.5 cannot be served."""
    try:
        connection.ensure_connection()
        version = _version()
        connection.check_database_version_supported()
    except NotSupportedError as error:
        return problem(
            "Database",
            f"{_where()}: {error}",
            "Django 5.2 cannot serve this version; MySQL 5.7 is one of those.",
            "Upgrade the server to MySQL 8.0.11 or MariaDB 10.5 or newer, or point DATABASE_URL at another one.",
        )
    except DatabaseError as error:
        return problem(
            "Database",
            f"{_where()} does not answer: {_short(error)}",
            "The server is down, or DATABASE_URL names the wrong host, user, password or database.",
            "Start the server, create the database (docs/mysql.md), or unset DATABASE_URL to use SQLite.",
        )
    return ok("Database", f"{version} at {_where()}")


def migrated() -> Finding:
    """Whether every table is there."""
    try:
        if waits_for_adoption():
            return problem(
                "Tables", "those of an existing installation, not adopted", "migrate cannot use them as they are.", HINT
            )
        missing = pending_migrations()
    except DatabaseError as error:
        return problem(
            "Tables", "unknown", f"the database does not answer: {_short(error)}", "See the line Database above."
        )
    if missing:
        return problem(
            "Tables",
            f"{len(missing)} migrations are not applied, the first is {missing[0]}",
            "The tables were never made, or the code is newer than they are. Pages and API answer with errors.",
            "Run: manage.py migrate",
        )
    return ok("Tables", "every migration is applied")


def sqlite() -> Finding:
    """WAL on a local disk; several processes write at once."""
    name = str(settings.DATABASES["default"]["NAME"])
    if connection.vendor != "sqlite":
        return none("SQLite", "not used")
    if name == ":memory:" or "mode=memory" in name:
        return none("SQLite", "in memory")
    kind = file_system(Path(name))
    if kind in NETWORK:
        return problem(
            "SQLite",
            f"{name} lies on a network file system ({kind})",
            "SQLite's write-ahead log works on one host only; over a network it loses data.",
            "Put DISTILLATION_HOME on a local disk, or use MySQL: DATABASE_URL=mysql://…",
        )
    try:
        mode = str(_one("PRAGMA journal_mode"))
    except DatabaseError as error:
        return problem("SQLite", f"{name}: {_short(error)}", "The file is no database, or may not be read.",
                       "Move it away (keep it!) and run: manage.py migrate")  # fmt: skip
    if mode != "wal":
        return problem(
            "SQLite",
            f"journal mode {mode}",
            "The file or its folder is not writable, or the disk has no shared memory.",
            "Make DISTILLATION_HOME writable for this user.",
        )
    return ok("SQLite", f"journal mode wal on {kind or 'a local disk'}")


def clock() -> Finding:
    """Whether the database's local time is ours; scripts that insert by SQL rely on its defaults."""
    zone = settings.TIME_ZONE
    try:
        theirs = datetime.fromisoformat(str(_one(_NOW[connection.vendor])))
    except (DatabaseError, KeyError, ValueError) as error:
        return problem("Time zone", f"{zone}; the database's clock is unknown", _short(error), "See the line Database.")
    difference = (theirs - timezone.localtime().replace(tzinfo=None)).total_seconds()
    if abs(difference) > CLOCK_TOLERANCE:
        return problem(
            "Time zone",
            f"{zone}; the database says {theirs:%Y-%m-%d %H:%M:%S}, {difference / 3600:+.1f} hours from ours",
            "The connection has another time zone, or the server's clock is wrong.",
            "Set DISTILLATION_TIME_ZONE to the zone of the rows that are there, and check both clocks.",
        )
    return ok("Time zone", f"{zone}, also in the database")


def file_system(path: Path) -> str:
    """The type of the file system that holds the path, empty when it is unknown."""
    real = path.resolve()
    mounts = [part for part in psutil.disk_partitions(all=True) if real.is_relative_to(part.mountpoint)]
    return max(mounts, key=lambda part: len(part.mountpoint)).fstype if mounts else ""


def _version() -> str:
    if connection.vendor == "sqlite":
        return f"SQLite {_one('SELECT sqlite_version()')}"
    return f"{connection.display_name} {_one('SELECT VERSION()')}"


def _one(sql: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
    return row[0] if row else None


def _where() -> str:
    config = settings.DATABASES["default"]
    return f"{config['HOST']}:{config['PORT'] or '3306'}/{config['NAME']}" if config["HOST"] else str(config["NAME"])


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def checks() -> Iterator[Finding]:
    """Everything about the database."""
    yield reachable()
    yield migrated()
    yield sqlite()
    yield clock()
