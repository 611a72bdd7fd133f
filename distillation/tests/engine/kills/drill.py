"""Kill runs of every kind at random moments: ``python -m distillation.tests.engine.kills.drill [KIND …] [--kills 20]``.

A run is killed and continued until it ends; then another one is begun, until there were as many kills. Each must end
with the weights of an undisturbed run.
"""

from __future__ import annotations

import argparse
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from distillation.contract import exit_codes
from distillation.contract.run_dir import RunDir
from distillation.tests.engine.kills.killing import forget, kill, wait_for, weights
from distillation.tests.engine.kills.kinds import KINDS, MOMENTS
from distillation.tests.engine.samples import events_of, start_engine, write_run


@dataclass
class Figures:
    """Of one kind."""

    moments: Counter[str] = field(default_factory=Counter)
    """Kills by the phase that they hit."""
    resumed: int = 0
    """Starts that went on from a checkpoint."""
    runs: int = 0
    differing: list[str] = field(default_factory=list)
    """Runs that ended with other weights."""

    @property
    def kills(self) -> int:
        """All of them."""
        return self.moments.total()

    def __str__(self) -> str:
        """For a terminal."""
        where = ", ".join(f"{count} in {phase}" for phase, count in self.moments.most_common())
        same = self.runs - len(self.differing)
        return (
            f"{self.kills} kills ({where}), {self.resumed} starts from a checkpoint; "
            f"{same} of {self.runs} runs ended with the same weights"
        )


class Drill:
    """Of one kind of run, in a home of its own."""

    def __init__(self, home: Path, kind: str, generator: random.Random) -> None:
        self._home, self._spec, self._generator = home, KINDS[kind].prepare(home), generator
        whole = write_run(home, self._spec, "whole")
        process = start_engine(whole, home)
        wait_for(process, whole, 1, MOMENTS["at its start"])
        began = time.monotonic()
        _require_completed(process, whole)
        self._seconds = time.monotonic() - began
        self._expected = weights(home, whole)
        self.figures = Figures()

    def perform(self, kills: int) -> Figures:
        """Kill so many times."""
        while self.figures.kills < kills:
            forget(self._home)
            self.figures.runs += 1
            run_dir = write_run(self._home, self._spec, f"killed-{self.figures.runs}")
            self._until_completed(run_dir, kills)
            if weights(self._home, run_dir) != self._expected:
                self.figures.differing.append(run_dir.root.name)
        return self.figures

    def _until_completed(self, run_dir: RunDir, kills: int) -> None:
        attempt = 0
        while True:
            attempt += 1
            process = start_engine(run_dir, self._home, attempt)
            wait_for(process, run_dir, attempt, MOMENTS["at its start"])
            if self.figures.kills < kills:
                self._disturb(process, run_dir, attempt)
            else:
                process.wait()
            started = events_of(run_dir, attempt)[:1]
            self.figures.resumed += bool(started and started[0].get("resumed_arm"))
            if process.returncode >= 0:
                _require_completed(process, run_dir)
                return

    def _disturb(self, process: subprocess.Popen[bytes], run_dir: RunDir, attempt: int) -> None:
        """Kill at a moment of the time that an undisturbed run takes, unless it ends before."""
        try:
            process.wait(self._generator.uniform(0, self._seconds))
        except subprocess.TimeoutExpired:
            if kill(process):
                phases = [event["phase"] for event in events_of(run_dir, attempt) if event["kind"] == "phase"]
                self.figures.moments[phases[-1] if phases else "start"] += 1


def _require_completed(process: subprocess.Popen[bytes], run_dir: RunDir) -> None:
    if process.wait() != exit_codes.COMPLETED:
        logs = "".join(log.read_text()[-3000:] for log in sorted(run_dir.root.glob("*.log")))
        raise RuntimeError(f"The engine ended with {process.returncode}.\n{logs}")


def main(arguments: list[str]) -> int:
    """Drill the kinds that are named, or all; 0 when every run ended with the same weights."""
    parser = argparse.ArgumentParser(prog="make drill", description="Kill runs at random moments.")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; default: all")
    parser.add_argument("--kills", type=int, default=20, help="of each kind (20)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of the moments")
    wishes = parser.parse_args(arguments)
    if unknown := set(wishes.kinds) - KINDS.keys():
        parser.error(f"no such kind: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    _say(f"{wishes.kills} kills a kind, seed {wishes.seed}")
    failed = False
    for kind in wishes.kinds or KINDS:
        with tempfile.TemporaryDirectory(prefix="drill-") as home:
            began = time.monotonic()
            figures = Drill(Path(home), kind, random.Random(f"{wishes.seed} {kind}")).perform(wishes.kills)
        _say(f"{kind}: {figures}; {time.monotonic() - began:.0f} s")
        if figures.differing:
            failed = True
            _say(f"{kind}: OTHER WEIGHTS in {', '.join(figures.differing)}")
    return int(failed)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
