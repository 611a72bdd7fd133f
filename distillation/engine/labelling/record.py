"""What a job has finished: one line a picture, so that a killed job goes on where it was.

A line is written after the picture's labels. It holds the labels too: what covers all pictures is made from it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from distillation.contract.sentence import Sentence
from distillation.datasets.writing.labels import LabelledPicture

Line = LabelledPicture | tuple[str, Sentence]
"""A picture with its labels, or the path of one that failed and why."""


class Record:
    """The file ``labelled.jsonl`` of one job; its first line says which spec it belongs to."""

    def __init__(self, path: Path, digest: str) -> None:
        """Go on with the file, or begin it anew when it belongs to another spec. Raises OSError."""
        self._path = path
        self._keep_whole_lines(digest)
        self._file = path.open("ab")

    def __iter__(self) -> Iterator[Line]:
        """Everything that is finished, in the order in which it was. Raises OSError."""
        with self._path.open("rb") as file:
            file.readline()
            for line in file:
                value = json.loads(line.decode())  # bytes would be searched for their encoding first
                if "failed" in value:
                    yield str(value["path"]), Sentence.from_json(value["failed"])
                else:
                    yield LabelledPicture.from_json(value)

    def pictures(self) -> Iterator[LabelledPicture]:
        """Those that were labelled."""
        return (line for line in self if isinstance(line, LabelledPicture))

    def add(self, line: Line) -> None:
        """Note a picture whose labels are written. Raises OSError."""
        if isinstance(line, LabelledPicture):
            self._write(line.as_json())
        else:
            self._write({"path": line[0], "failed": line[1].as_json()})

    def flush(self) -> None:
        """Hand over what was noted. Raises OSError."""
        self._file.flush()

    def close(self) -> None:
        """Sync and close. Raises OSError."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def _write(self, value: dict[str, Any]) -> None:
        self._file.write(json.dumps(value).encode() + b"\n")

    def _keep_whole_lines(self, digest: str) -> None:
        """Cut off what a killed attempt has not written to its end."""
        header = json.dumps({"spec": digest}).encode() + b"\n"
        with self._path.open("ab+") as file:
            file.seek(0)
            whole = len(header)
            if file.readline() != header:
                file.truncate(0)
                file.write(header)
                return
            for line in file:
                if not (line.endswith(b"\n") and _is_json(line)):
                    break
                whole += len(line)
            file.truncate(whole)


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
