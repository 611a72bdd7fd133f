"""What the catalogue says of one option of the create request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["text", "integer", "number", "boolean", "list", "integers"]


@dataclass(frozen=True, slots=True)
class Option:
    """One field of the create request."""

    name: str
    """On the wire, camelCase."""
    kind: Kind
    group: str
    label: str
    help: str
    default: Any = None
    """What counts when the field is absent or null; None = nothing, or decided from the data."""
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None
    """More digits than the column keeps are refused."""
    max_length: int | None = None
    max_items: int | None = None
    """Of several integers."""
    choices: tuple[str, ...] = ()
    column: str | None = None
    """The column that keeps it; the others live in ``training_config``."""
    config_path: tuple[str, ...] = ()
    """Where ``training_config`` keeps it."""
    direct: bool = True
    """False for an option that has a meaning only with a teacher."""
    zero_in_direct: bool = False
    """True where older clients send a 0 in direct training that means nothing."""
    number_too: bool = False
    """True for a text that older clients send as a number."""
    false_too: bool = False
    """True for a list for which older clients send false where they mean nothing."""
    auto: bool = False
    """True for a number of which 0, also sent as ``auto``, leaves the choice to the run."""
