"""Web processes and worker as child processes: started together, restarted one by one, ended together.

Single-threaded: whoever uses it calls :meth:`Supervisor.tick` or :meth:`Supervisor.sleep` while it waits. It must
never leave a process behind; a child is tethered to this process, so that holds for a SIGKILL of this one too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO

import psutil

FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0
"""Seconds before a restart: doubled each time."""
STEADY = 60.0
"""A child that lived this long starts with the first delay again."""
GRACE = 100.0
"""Seconds that the children get to end by themselves; a worker waits up to 90 for the last checkpoints."""
LAST_LINES = 15


class Ended(BaseException):
    """Somebody asked this process to end (Ctrl-C, SIGTERM, a closed terminal); not an error."""


def raise_ended_on_signals() -> None:
    """Turn SIGINT, SIGTERM and SIGHUP into :class:`Ended` in the main thread."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _raise_ended)


def _raise_ended(number: int, frame: FrameType | None) -> None:
    raise Ended(signal.Signals(number).name)


@dataclass
class Child:
    """One program that has to run all the time."""

    name: str
    command: Sequence[str]
    log: Path | None = None
    """Where its output goes; None: to ours."""
    fds: tuple[int, ...] = ()
    """Open files of ours that it needs, under the same numbers."""
    delay: float = FIRST_DELAY
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started: float = field(default=0.0, init=False)
    restart_at: float | None = field(default=None, init=False)
    deaths: int = field(default=0, init=False)

    def start(self, cwd: Path, env: dict[str, str]) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        output: IO[bytes] | None = self.log.open("ab") if self.log else None
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "distillation.management.tether", str(os.getpid()), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                cwd=cwd,
                env=env,
                start_new_session=True,
                pass_fds=self.fds,
            )
        finally:
            if output:
                output.close()
        self.started, self.restart_at = time.monotonic(), None

    def last_lines(self) -> str:
        """The end of its log, for a message about its death."""
        if self.log is None or not self.log.is_file():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LAST_LINES:])


class Supervisor:
    """A context in which the children run."""

    def __init__(
        self, children: Sequence[Child], *, cwd: Path, env: dict[str, str], say: Callable[[str], None]
    ) -> None:
        self.children = list(children)
        self._cwd, self._env, self._say = cwd, env, say

    def __enter__(self) -> Supervisor:
        try:
            for child in self.children:
                child.start(self._cwd, self._env)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def sleep(self, seconds: float) -> None:
        """Wait, and keep the children running meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.tick()
            time.sleep(min(left, 0.2))
        self.tick()

    def tick(self) -> None:
        """Look after each child once."""
        for child in self.children:
            if child.restart_at is not None:
                if time.monotonic() >= child.restart_at:
                    child.start(self._cwd, self._env)
            elif child.process is not None and child.process.poll() is not None:
                self._died(child, child.process)

    def stop(self) -> None:
        """End every child and what they started; a second Ctrl-C does not interrupt this."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        running = [child.process for child in self.children if child.process is not None]
        below = [process for child in running for process in _descendants(child.pid)]
        for process in running:
            if process.poll() is None:
                process.terminate()
        # Children are waited for by Popen (they are ours), engines by psutil (they are the worker's).
        until = time.monotonic() + GRACE
        for process in running:
            _wait(process, until)
        _, left = psutil.wait_procs(below, timeout=max(0.0, until - time.monotonic()))
        for engine in left:
            _kill_group(engine.pid)
        psutil.wait_procs(left, timeout=5)

    def _died(self, child: Child, process: subprocess.Popen[bytes]) -> None:
        now = time.monotonic()
        child.deaths += 1
        if now - child.started >= STEADY:
            child.delay = FIRST_DELAY
        child.restart_at = now + child.delay
        lines = child.last_lines()
        self._say(
            f"{child.name} ended ({_how(process.returncode)}); starting it again in {child.delay:.0f} s."
            + (f" Its last lines ({child.log}):\n{lines}" if lines else "")
        )
        child.delay = min(child.delay * 2, LONGEST_DELAY)


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _wait(process: subprocess.Popen[bytes], until: float) -> None:
    try:
        process.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        _kill_group(process.pid)
        process.wait()


def _kill_group(pid: int) -> None:
    try:
        os.killpg(os.getpgid(pid), signal.SIGKILL)
    except ProcessLookupError:
        return
