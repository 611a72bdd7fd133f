"""The state that ``serve`` and ``demo`` need before anything runs: schema, administrator, samples."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from distillation.management.checks import HINT, waits_for_adoption
from distillation.models import TrainingTask

ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Administrator:
    """The account of the first start."""

    name: str
    password: str
    file: Path
    created: bool
    """True once: the password is printed then and never again."""


def password_file() -> Path:
    """Where the administrator's password is kept, readable by its owner alone."""
    return Path(settings.DISTILLATION_HOME) / "admin-password"


def pending_migrations() -> list[str]:
    """Names of migrations that are not applied. Raises DatabaseError."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def migrate() -> int:
    """Apply what is missing and return how many that were. Raises CommandError."""
    try:
        if waits_for_adoption():
            raise CommandError(f"The database holds the tables of an existing installation. {HINT}")
        missing = len(pending_migrations())
        if missing:
            call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as error:
        raise CommandError(f"The database cannot be used: {error}. Look closer with: manage.py doctor") from error
    return missing


def load_samples_once() -> bool:
    """Load the sample tasks into a platform that has no task yet, once for each home.

    Samples that somebody removed stay away, and rows of an existing installation are never touched.
    """
    marker = Path(settings.DISTILLATION_HOME) / "samples-loaded"
    if marker.exists():
        return False
    empty = not TrainingTask.objects.exists()
    if empty:
        call_command("loaddata", "sample_tasks", verbosity=0)
    marker.touch()
    return empty


def ensure_administrator() -> Administrator:
    """Find or make the user ``admin`` whose password the file holds. Raises CommandError when they disagree."""
    file = password_file()
    user = User.objects.filter(username=ADMIN).first()
    if user is None:
        password = _new_password(file)
        User.objects.create_superuser(ADMIN, password=password)
        return Administrator(ADMIN, password, file, created=True)
    password = _read(file) if file.is_file() else ""
    if not password or not user.check_password(password):
        raise CommandError(
            f"The user {ADMIN} exists, but {file} does not hold its password. Write the password into that file, "
            f"or set a new one with: manage.py changepassword {ADMIN}"
        )
    return Administrator(ADMIN, password, file, created=False)


def _new_password(file: Path) -> str:
    """Write a random password with mode 0600; a file that is already there counts, whoever wrote it."""
    password = secrets.token_urlsafe(12)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(file)
    with os.fdopen(handle, "w") as stream:
        stream.write(password + "\n")
    return password


def _read(file: Path) -> str:
    for _ in range(20):  # another process may have created it and be about to write
        if text := file.read_text().strip():
            return text
        time.sleep(0.05)
    raise CommandError(f"{file} is empty. Remove it; the next start writes a new one.")
