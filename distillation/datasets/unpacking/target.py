"""The folder that an archive is unpacked to: files are only ever made there, never replaced, and counted."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from distillation.contract.sentence import gettext_noop
from distillation.datasets.unpacking import limits, names
from distillation.datasets.unpacking.limits import Limits

PIECE = 1 << 20
Report = Callable[[int], None]
"""Told now and then how many bytes are done."""


@dataclass(slots=True)
class Target:
    """An empty folder that is being filled."""

    root: Path
    limits: Limits
    report: Report
    entries: int = 0
    unpacked: int = 0
    """Bytes so far."""
    junk: int = 0
    _told: float = field(default=0.0)

    def wanted(self, entry: str) -> tuple[str, ...]:
        """Count an entry; its parts, none when it is left out. Raises Refused."""
        self.entries += 1
        if self.entries > self.limits.entries:
            raise limits.too_many(self.limits)
        found = names.parts(entry)
        if names.is_junk(found):
            self.junk += 1
            return ()
        return found

    def folder(self, found: tuple[str, ...], entry: str) -> None:
        """Make a folder. Raises Refused where a file has its name."""
        try:
            self.root.joinpath(*found).mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise _twice(entry) from error

    def file(self, found: tuple[str, ...], entry: str, source: IO[bytes], stated: int) -> None:
        """Write a file that states its size. Raises Refused for one that is longer, and for a name that is taken."""
        path = self.root.joinpath(*found)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        except (FileExistsError, NotADirectoryError) as error:
            raise _twice(entry) from error
        written = 0
        with os.fdopen(handle, "wb") as file:
            while piece := source.read(PIECE):
                written += len(piece)
                self.unpacked += len(piece)
                if written > stated:
                    raise limits.bomb(entry)
                if self.unpacked > self.limits.bytes:
                    raise limits.too_large(self.limits, entry)
                file.write(piece)
                self._tell()
        if written != stated:
            raise limits.damaged(entry)

    def _tell(self) -> None:
        if (now := time.monotonic()) - self._told > 0.5:
            self._told = now
            self.report(self.unpacked)


def _twice(entry: str) -> Exception:
    return limits.refused(
        gettext_noop(
            "The archive has the name {entry} twice, or once as a file and once as a folder. Rename or remove one."
        ),
        entry,
    )
