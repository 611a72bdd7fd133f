"""One line of the doctor's answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a finding counts; only a problem makes the doctor fail."""

    OK = "ok"
    NONE = "none"
    """Not there, and not needed: a GPU, a font, a server that does not run."""
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at and found; a problem also has its cause and the remedy."""

    check: str
    level: Level
    found: str
    cause: str = ""
    remedy: str = ""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, found)


def none(check: str, found: str, cause: str = "") -> Finding:
    """Absent, which is no fault."""
    return Finding(check, Level.NONE, found, cause)


def problem(check: str, found: str, cause: str, remedy: str) -> Finding:
    """Something that will not work until the remedy is applied."""
    return Finding(check, Level.PROBLEM, found, cause, remedy)
