"""Write the events of one attempt: one JSON line each, flushed at once, numbered without gaps."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from distillation.contract import events as kinds
from distillation.contract.sentence import Sentence

Watch = Callable[[dict[str, Any]], None]
"""Sees each event after it was written."""
MIN_INTERVAL = 0.5
"""Seconds between two step or phase events."""


class EventWriter:
    """The one writer of ``events-<attempt>.jsonl``.

    Texts name files relative to ``home``: libraries put whole paths into their errors, and these texts go to people.
    """

    def __init__(self, path: Path, home: Path | None = None, watch: Watch | None = None) -> None:
        self._homes = () if home is None else tuple(dict.fromkeys(f"{root}/" for root in (home.resolve(), home)))
        self._seq = _last_seq(path)
        self._file = path.open("ab")
        self._due: dict[str, float] = {}
        self._watch = watch

    def emit(self, kind: str, **fields: Any) -> None:
        """Append one event; figures that are not finite become null. Raises OSError (a full disk)."""
        self._seq += 1
        event = {"kind": kind, "seq": self._seq, "time": time.time(), **self._relative(finite(fields))}
        self._file.write(json.dumps(event, allow_nan=False).encode() + b"\n")
        self._file.flush()
        if self._watch is not None:
            self._watch(event)

    def log(self, level: str, sentence: Sentence) -> None:
        """Append a log event; level is info, warning or error."""
        self.emit(kinds.LOG, level=level, sentence=sentence.as_json())

    def due(self, key: str) -> bool:
        """Whether MIN_INTERVAL has passed since the last yes for ``key``; the first time is always due."""
        now = time.monotonic()
        if now < self._due.get(key, 0.0):
            return False
        self._due[key] = now + MIN_INTERVAL
        return True

    def _relative(self, value: Any) -> Any:
        """A copy of a JSON value whose texts do not say where the home lies."""
        if isinstance(value, str):
            for home in self._homes:
                value = value.replace(home, "")
            return value
        if isinstance(value, dict):
            return {key: self._relative(item) for key, item in value.items()}
        return [self._relative(item) for item in value] if isinstance(value, list) else value

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def finite(value: Any) -> Any:
    """A copy of a JSON value with null for every figure that is not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def _last_seq(path: Path) -> int:
    """The number to go on from; a torn last line of an attempt that was started twice is ended first."""
    if not path.is_file():  # a device, such as /dev/full in a test, must not be read
        return 0
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        with path.open("ab") as file:
            file.write(b"\n")
    numbers = [event.get("seq") for line in data.splitlines() if (event := kinds.parse_line(line))]
    return max((number for number in numbers if isinstance(number, int)), default=0)
