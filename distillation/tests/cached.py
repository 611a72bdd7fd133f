"""Entries of the cache, as an engine leaves them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DAY = 24 * 3600.0
_HOLD = """
import fcntl, sys
file = open(sys.argv[1], "ab")
fcntl.flock(file, int(sys.argv[2]))
print("held", flush=True)
sys.stdin.read()
"""


def cached(
    home: Path, kind: str, key: str, *, size: int = 100, age: float = 2 * DAY, pinned: bool = False, **complete: str
) -> Path:
    """An entry that was made and used so many seconds ago."""
    folder = home / "cache" / kind / key
    folder.mkdir(parents=True)
    (folder / "array.npy").write_bytes(b"x" * size)
    (folder / ("adapter.json" if kind == "adapters" else "complete.json")).write_text(json.dumps(complete))
    (folder / "about.json").write_text(json.dumps({"task": "TASK_1", "data": "shapes", "teacher": None}))
    for name in ("lock", "used", *(["pinned"] if pinned else [])):
        (folder / name).touch()
    for path in (*folder.iterdir(), folder):
        os.utime(path, (time.time() - age,) * 2)
    return folder


@contextmanager
def held_elsewhere(path: Path, how: int) -> Iterator[None]:
    """The lock of the kind is held by another process until the block ends."""
    command = [sys.executable, "-c", _HOLD, str(path), str(int(how))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield
        process.communicate()
