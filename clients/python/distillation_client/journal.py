"""The buffer on disk: what is not sent yet outlives the process, and no two processes write the same file."""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import math
import os
import shutil
import threading
import time
from collections import deque
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows: nobody can tell a dead process's journal from a living one's there
    fcntl = None  # type: ignore[assignment]

CAN_LOCK = fcntl is not None
BUFFER_BYTES = 64 * 1024 * 1024
REJECTED_BYTES = 16 * 1024 * 1024
DISK_RETRY_SECONDS = 60.0
SHORTEST_SECRET = 8
"""What is shorter is no token, and cutting it out would spoil the lines."""
FIGURES = {"epoch", "log"}
"""Kinds of reports that are sent many at a time."""
MOST_AT_ONCE = 500
LONGEST_AT_ONCE = 100_000
"""Bytes; the platform takes 10,000 points in a request."""
JOURNAL = "journal.jsonl"
log = logging.getLogger("distillation_client")
_locks: set[int] = set()


def _let_go() -> None:
    """In a forked child (a data loader's worker): it may outlive this process and must not hold its locks."""
    while _locks:
        with contextlib.suppress(OSError):
            os.close(_locks.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


class Journal:
    """The reports of one run that are not sent yet, oldest first: in memory, and in a file that outlives the process.

    Its folder holds the lock of the process that writes, the address of the server, and one JSON line a report;
    a line ``{"sent": n}`` says that everything up to n has arrived. Without a disk it goes on in memory.
    """

    def __init__(self, folder: Path, server: str, task: str, secret: str = "", limit: int = BUFFER_BYTES) -> None:
        self.folder, self.server, self.task, self.dropped = folder, server, task, 0
        self._secret, self._limit = secret, limit
        self._lines: deque[tuple[int, str, bytes]] = deque()
        self._guard = threading.Lock()
        self._lock: int | None = None
        self._file: int | None = None
        self._last = self._waiting = self._written = 0
        self._retry_at = 0.0
        self.on_disk = False
        """Whether the file holds all that is left."""

    @classmethod
    def adopt(cls, folder: Path, token: str = "") -> Journal | None:
        """What a dead process left there; None while it lives, or when there is nothing to read."""
        lock = None
        try:
            lock = _take(folder / "lock")
            if lock is None:
                return None
            facts = json.loads((folder / "run.json").read_text())
            journal = cls(folder, str(facts["server"]), str(facts["task"]), token)
            journal._load((folder / JOURNAL).read_bytes())
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s cannot be read (%s); it is left as it is.", folder, error)
            if lock is not None:
                _free(lock)
            return None
        journal._lock = lock
        return journal

    def __len__(self) -> int:
        return len(self._lines)

    def append(self, entries: list[dict[str, Any]]) -> None:
        """Add reports and hand them to the system: they survive this process, and after ``sync`` the machine."""
        with self._guard:
            data = b""
            for entry in entries:
                try:
                    line = self._line({"n": self._last + 1, **entry})
                except (TypeError, ValueError, RecursionError) as error:
                    log.warning("A report (%s) is left out: JSON cannot hold it (%s).", entry["kind"], error)
                    continue
                self._last += 1
                self._lines.append((self._last, entry["kind"], line))
                self._waiting += len(line)
                data += line
            self._store(data, whole=self._shrink())

    def sync(self) -> None:
        """Wait until the disk has what was appended."""
        with self._guard:
            if self._file is not None:
                with contextlib.suppress(OSError):  # the next write says what is wrong
                    os.fsync(self._file)

    def batch(self, single_until: int) -> tuple[int, list[dict[str, Any]]]:
        """The oldest reports that can be sent together, and the number of the last one."""
        with self._guard:
            rows, size = [self._lines[0]], 0
            alone = rows[0][0] <= single_until or rows[0][1] not in FIGURES
            for row in itertools.islice(self._lines, 1, 1 if alone else MOST_AT_ONCE):
                size += len(row[2])
                if row[1] not in FIGURES or size > LONGEST_AT_ONCE:
                    break
                rows.append(row)
        return rows[-1][0], [json.loads(line) for _, _, line in rows]

    def only_points(self) -> bool:
        """Whether nothing but a few metric points waits."""
        with self._guard:
            return len(self._lines) < MOST_AT_ONCE and all(kind == "log" for _, kind, _ in self._lines)

    def sent(self, number: int) -> None:
        """Everything up to this number has arrived or was refused for good."""
        with self._guard:
            while self._lines and self._lines[0][0] <= number:
                self._waiting -= len(self._lines.popleft()[2])
            self._store(b'{"sent": %d}\n' % number, whole=self._written > 2 * self._waiting + 1_000_000)

    def reject(self, entry: dict[str, Any], status: int, sentence: str) -> None:
        """Keep a report that the server refused, with its sentence, beside the runs' folders."""
        line = self._line({"at": now(), "status": status, "sentence": sentence, "task": self.task, "report": entry})
        with contextlib.suppress(OSError):
            if not self.rejected.exists() or self.rejected.stat().st_size < REJECTED_BYTES:
                with self.rejected.open("ab", buffering=0) as stream:
                    stream.write(line)

    def release(self) -> None:
        """Let others take what is left; an empty journal's folder goes away."""
        with self._guard:
            if not self._lines and self._lock is not None:
                shutil.rmtree(self.folder, ignore_errors=True)
                with contextlib.suppress(OSError):
                    self.folder.parent.rmdir()
            if self._file is not None:
                os.close(self._file)
            if self._lock is not None:
                _free(self._lock)
            self._file = self._lock = None
            self._retry_at = math.inf

    @property
    def rejected(self) -> Path:
        """Where refused reports of all runs of the task are kept."""
        return self.folder.parent / "rejected.jsonl"

    def _line(self, row: dict[str, Any]) -> bytes:
        text = json.dumps(row)
        return (text.replace(self._secret, "***") if len(self._secret) >= SHORTEST_SECRET else text).encode() + b"\n"

    def _shrink(self) -> bool:
        """Drop the oldest metric points of a full buffer; epochs and what else is rare always stay."""
        if self._waiting <= self._limit:
            return False
        if not self.dropped:
            log.warning("The buffer is full (%d bytes): its oldest metric points are dropped.", self._limit)
        kept: deque[tuple[int, str, bytes]] = deque()
        for row in self._lines:
            if row[1] == "log" and self._waiting > 0.75 * self._limit:
                self._waiting -= len(row[2])
                self.dropped += 1
            else:
                kept.append(row)
        self._lines = kept
        return True

    def _store(self, data: bytes, *, whole: bool) -> None:
        """Append the data; or write the whole journal anew, also when a disk may have room again."""
        lost = self._file is None
        if lost and time.monotonic() < self._retry_at:
            return
        try:
            if whole or self._file is None:
                self._write_anew()
            elif os.write(self._file, data) < len(data):
                raise OSError("the disk is full")
            else:
                self._written += len(data)
        except OSError as error:
            if self._retry_at == 0.0 or not lost:
                log.warning("Reports cannot be buffered in %s (%s); they wait in memory.", self.folder, error)
            if self._file is not None:
                os.close(self._file)
            self._file, self._retry_at = None, time.monotonic() + DISK_RETRY_SECONDS
            self.on_disk = False

    def _write_anew(self) -> None:
        if self._lock is None:
            self._make_folder()
        path, data = self.folder / "journal.new", b"".join(line for _, _, line in self._lines)
        with path.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        path.replace(self.folder / JOURNAL)
        before, self._file = self._file, os.open(self.folder / JOURNAL, os.O_WRONLY | os.O_APPEND)
        self._written, self.on_disk = len(data), True
        if before is not None:
            os.close(before)

    def _make_folder(self) -> None:
        """Under a hidden name until its lock is held: nobody must adopt it in between."""
        hidden = self.folder.with_name("." + self.folder.name)
        hidden.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _take(hidden / "lock")
        try:
            (hidden / "run.json").write_text(json.dumps({"server": self.server, "task": self.task}))
            hidden.replace(self.folder)
        except OSError:
            if lock is not None:
                _free(lock)
            raise
        self._lock = lock

    def _load(self, data: bytes) -> None:
        """Whole lines only: the last one of a killed process may be torn."""
        done = 0
        for line in data[: data.rfind(b"\n") + 1].splitlines(keepends=True):
            try:
                entry = json.loads(line)
                if "sent" in entry:
                    done = int(entry["sent"])
                else:
                    self._lines.append((int(entry["n"]), str(entry["kind"]), line))
            except (ValueError, KeyError, TypeError):
                log.warning("A line of %s cannot be read and is left out.", self.folder / JOURNAL)
        while self._lines and self._lines[0][0] <= done:
            self._lines.popleft()
        self._waiting = sum(len(line) for _, _, line in self._lines)
        self._last = self._lines[-1][0] if self._lines else done


def _take(path: Path) -> int | None:
    """Lock the file until the process ends; None when another has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    _locks.add(handle)
    return handle


def _free(lock: int) -> None:
    _locks.discard(lock)
    os.close(lock)


def now() -> str:
    """The time as the platform reads it, to the second, which is what every database keeps."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
