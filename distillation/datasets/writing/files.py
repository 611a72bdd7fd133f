"""Files of labels that are there in full or not at all, and never outside the folder that was asked for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown

_DRAFT = ".draft.tmp"
"""Without the file's name, which may already be as long as a name can be. One process writes into a folder."""


class OutputFolder:
    """A folder to write into."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root.resolve()
        self._known: set[Path] = set()

    def place(self, name: str) -> Path:
        """The path of a file, in a folder that exists. Raises Refused when a link leads elsewhere, and OSError."""
        path = self.root / name
        if path.parent not in self._known:
            self._make(path.parent)
            path.with_name(_DRAFT).unlink(missing_ok=True)  # of a process that was killed
            self._known.add(path.parent)
        return path

    def write(self, name: str, content: bytes) -> None:
        """Replace a file. Raises Refused and OSError."""
        with self.replacing(name) as file:
            file.write(content)

    @contextmanager
    def replacing(self, name: str) -> Iterator[IO[bytes]]:
        """Write a new version of a file under another name, then rename it. Raises Refused and OSError.

        Not synced: a file costs more than a picture then. Whoever reports the end of the work syncs once.
        """
        path = self.place(name)
        draft = path.with_name(_DRAFT)
        try:
            with draft.open("wb") as file:
                yield file
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def include(self, source: Path, name: str) -> None:
        """Put a picture into the folder: a second name of the same file, or a copy on another disk.

        Raises Refused and OSError.
        """
        path = self.place(name)
        if path.exists():
            return
        try:
            os.link(source.resolve(), path)
        except OSError:
            draft = path.with_name(_DRAFT)
            shutil.copyfile(source, draft)
            draft.replace(path)

    def _make(self, folder: Path) -> None:
        """Make a folder step by step, looking at each before it is entered."""
        inside = self.root
        for step in folder.relative_to(self.root).parts:
            inside = inside / step
            inside.mkdir(exist_ok=True)
            if inside.is_symlink():
                raise Refused(
                    Sentence(
                        gettext_noop("{path} in the output folder {root} is a link. Remove it, or choose another."),
                        {"path": shown(inside.name), "root": shown(self.root.name)},
                    )
                )
