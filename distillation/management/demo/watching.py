"""Follow a task to its end: one redrawn line on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any, TextIO

from distillation.management.demo.rest import Rest, RestError, UnreachableError
from distillation.management.supervisor import Supervisor

POLL, SPARSE = 1.5, 5.0
"""Seconds; each request checks the password, which is slow on purpose (0.3 s of a core)."""
STANDSTILL = 600.0
"""Seconds without any change after which nobody should go on waiting."""
UNREACHABLE = 60.0
BAR = 24
ENDED = ("FAILED", "STOPPED", "PAUSED")


class TaskFailed(Exception):  # noqa: N818 - it is how a task ended
    """The task will not complete; the text says why."""


class Display:
    """Where progress is written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._live = stream, stream.isatty()
        self._last, self._said = "", 0.0

    def progress(self, line: str, *, urgent: bool = False) -> None:
        """Show the present state; ``urgent`` lines are never skipped."""
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r{line[:width]}\x1b[K")
        elif line != self._last and (urgent or time.monotonic() - self._said >= SPARSE):
            self._stream.write(line + "\n")
            self._said = time.monotonic()
        else:
            return
        self._stream.flush()
        self._last = line

    def say(self, text: str = "") -> None:
        """A line that stays, above the redrawn one."""
        self._stream.write(("\r\x1b[K" if self._live else "") + text + "\n")
        self._stream.flush()

    def keep(self) -> None:
        """Leave the redrawn line standing."""
        if self._live and self._last:
            self._stream.write("\n")
            self._stream.flush()


def follow(rest: Rest, task_id: str, name: str, children: Supervisor, display: Display) -> dict[str, Any]:
    """Return the task when it is COMPLETED. Raises TaskFailed."""
    began = changed = answered = time.monotonic()
    last: tuple[Any, ...] = ()
    while True:
        children.sleep(POLL)
        now = time.monotonic()
        try:
            task = rest.get(f"/tasks/{task_id}")
        except UnreachableError as error:
            if now - answered > UNREACHABLE:
                raise TaskFailed(f"Web has not answered for {UNREACHABLE:.0f} s: {error}") from error
            continue
        except RestError as error:
            raise TaskFailed(str(error)) from error
        answered = now
        state = (task["status"], task["phase"], task["progress"], task["currentEpoch"], task["attempt"])
        display.progress(line(name, task, now - began), urgent=state[:2] != last[:2] or task["status"] == "COMPLETED")
        if state != last:
            last, changed = state, now
        if task["status"] == "COMPLETED":
            display.keep()
            return dict(task)
        _require_life(task, now - changed)


def _require_life(task: dict[str, Any], standstill: float) -> None:
    if task["status"] in ENDED:
        why = task["errorMessage"] or "somebody stopped or paused it"
        raise TaskFailed(f"{task['taskId']} is {task['status']}: {why}")
    if standstill > STANDSTILL:
        raise TaskFailed(f"{task['taskId']} has not moved for {standstill:.0f} s (status {task['status']}).")


def follow_labelling(rest: Rest, job_id: str, children: Supervisor, display: Display) -> dict[str, Any]:
    """Return the labelling job when it is COMPLETED. Raises TaskFailed and RestError."""
    began = changed = time.monotonic()
    last: tuple[Any, ...] = ()
    while True:
        children.sleep(POLL)
        now = time.monotonic()
        job: dict[str, Any] = rest.get(f"/inference/{job_id}")
        state = (job["status"], job["queued"], job["processedImages"])
        ended = job["status"] == "COMPLETED"
        shown = f"  labelling {job['processedImages']}/{job['totalImages'] or '?'} pictures  {now - began:.0f} s"
        display.progress(shown, urgent=ended)
        if state != last:
            last, changed = state, now
        if ended:
            display.keep()
            return job
        if job["status"] != "RUNNING":
            raise TaskFailed(f"{job_id} is {job['status']}: {job['errorMessage'] or 'somebody stopped it'}")
        if now - changed > STANDSTILL:
            raise TaskFailed(f"{job_id} has not moved for {now - changed:.0f} s.")


def line(name: str, task: dict[str, Any], seconds: float) -> str:
    """``teacher [████····]  45 %  student 7/15  loss 0.1234  accuracy 97.78 %  12 s``."""
    done = BAR * task["progress"] // 100
    parts = [f"  {name} [{'█' * done}{'·' * (BAR - done)}] {task['progress']:3d} %"]
    if task["status"] == "QUEUED":
        parts.append(task["waitingReason"] or "waiting")
    elif task["status"] == "RUNNING":
        parts.append(f"{task['phase'] or 'starting'} {task['currentEpoch']}/{task['totalEpochs']}")
    else:
        parts.append(task["status"].lower())
    if task["loss"] is not None:
        parts.append(f"loss {task['loss']:.4f}")
    if task["accuracy"] is not None:
        parts.append(f"accuracy {task['accuracy']:.2f} %")
    return "  ".join([*parts, f"{seconds:.0f} s"])


def to_terminal() -> Display:
    """Progress on standard output."""
    return Display(sys.stdout)
