"""The home: writable, with room on its disk, and secrets that only their owner can read."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.db import DatabaseError

from distillation.management.doctor.finding import Finding, none, ok, problem
from distillation.management.installation import ADMIN, password_file

NEEDED_BYTES = 2_000_000_000
"""A run keeps a few checkpoints of its student; a data set is on top of that."""


def writable() -> Finding:
    """Whether a file can be made in it."""
    home = Path(settings.DISTILLATION_HOME)
    try:
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        return problem(
            "Home",
            f"{home} cannot be written: {error.strerror}",
            "It does not exist, belongs to another user, is mounted read-only or is full.",
            "Make it writable for this user, or set DISTILLATION_HOME to another folder.",
        )
    return ok("Home", f"{home} is writable")


def disk() -> Finding:
    """Whether there is room for checkpoints."""
    try:
        free = shutil.disk_usage(settings.DISTILLATION_HOME).free
    except OSError as error:
        return problem("Disk", "free space is unknown", str(error), "See the line Home.")
    found = f"{free / 1e9:.1f} GB free"
    if free < NEEDED_BYTES:
        return problem(
            "Disk",
            found,
            f"Less than {NEEDED_BYTES / 1e9:.0f} GB: a run may end with 'disk full'.",
            "Free space on the disk of DISTILLATION_HOME; runs/ and cache/ are the large folders.",
        )
    return ok("Disk", found)


def secret(path: Path) -> Finding:
    """Whether others can read the secret."""
    check = f"File {path.name}"
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return none(check, "not there yet", "The first start makes it.")
    except OSError as error:
        return problem(check, str(error), "The file cannot be looked at.", "See the line Home.")
    if mode & 0o077:
        return problem(check, f"mode {mode:04o}", "Other users of this machine can read it.", f"Run: chmod 600 {path}")
    return ok(check, f"mode {mode:04o}")


def administrator() -> Finding:
    """Whether somebody may do everything."""
    try:
        names = list(
            User.objects.filter(is_superuser=True, is_active=True).values_list("username", flat=True).order_by("id")[:5]
        )
    except DatabaseError:
        return problem("Administrator", "unknown", "The table of users cannot be read.", "See the lines above.")
    if not names:
        return problem(
            "Administrator",
            "there is none",
            "Nobody can log in to /admin/; every page and request answers 401 or 403.",
            "Run: manage.py createsuperuser (or make run, which makes one)",
        )
    return ok("Administrator", ", ".join(names))


def password() -> Finding:
    """Whether the password file still opens the door; a stale one is the usual reason for 401."""
    check, file = "Password file", password_file()
    try:
        text = file.read_text().strip()
        user = User.objects.filter(username=ADMIN).first()
    except FileNotFoundError:
        return none(check, "not there", "The administrator was not made by make demo or make run.")
    except (OSError, ValueError) as error:
        return problem(check, "cannot be read", str(error), f"Run: chmod 600 {file} as its owner.")
    except DatabaseError:
        return problem(check, "cannot be compared", "The table of users cannot be read.", "See the lines above.")
    if user is None or not user.is_active or not user.check_password(text):
        return problem(
            check,
            f"the password in {file} is not the one of {ADMIN}",
            "It was changed since, or the file belongs to another database: REST answers 401 with it.",
            f"Write the password into the file, or set a new one: manage.py changepassword {ADMIN}",
        )
    return ok(check, f"opens the door for {ADMIN}")


def checks() -> Iterator[Finding]:
    """Everything about files and accounts."""
    yield writable()
    yield disk()
    yield secret(Path(settings.DISTILLATION_HOME) / "secret_key")
    yield secret(password_file())
    yield administrator()
    yield password()
