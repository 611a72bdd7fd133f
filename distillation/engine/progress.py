"""Where a run stands: phase events, the share of the whole that is done, and the seconds of each phase."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from distillation.contract import events as kinds
from distillation.contract.arms import KINDS, named
from distillation.contract.spans import spans
from distillation.contract.spec import RunSpec
from distillation.engine.events import EventWriter


class Progress:
    """Progress of one attempt, 0-99; 100 is the worker's to give when it has seen ``result.json``."""

    def __init__(self, spec: RunSpec, events: EventWriter) -> None:
        self._events = events
        self._spans = spans(arms_of(spec), teacher=spec.teacher is not None, adapts=spec.adapts_teacher)
        self._phase, self._total, self._unit, self._emitted = "", 0, "", -1
        self.seconds: dict[str, float] = {}
        """Of this attempt, by phase."""

    @contextmanager
    def phase(self, name: str, total: int, unit: str, done: int = 0) -> Iterator[None]:
        """Report the beginning of a phase, and its end unless it is interrupted."""
        self._phase, self._total, self._unit = name, total, unit
        self._emit(done)
        begin = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - begin
        if self._emitted != self._total or not self._total:
            self._emit(self._total)

    def resize(self, total: int) -> None:
        """Set the total of the current phase, where it is known only after the phase began."""
        self._total = total

    def advance(self, done: int) -> None:
        """Report ``done`` of the phase's total, at most every half second."""
        if self._events.due("phase"):
            self._emit(done)

    def percent(self, done: int) -> int:
        """Share of the whole run when ``done`` of the current phase's total is done."""
        begin, end = self._spans[self._phase]
        return min(99, int(begin + (end - begin) * (done / self._total if self._total else 0.0)))

    def _emit(self, done: int) -> None:
        self._emitted = done
        self._events.emit(
            kinds.PHASE,
            phase=self._phase,
            done=done,
            total=self._total,
            unit=self._unit,
            progress=self.percent(done),
        )


def trains_control(spec: RunSpec) -> bool:
    """Whether there is a control arm; without a teacher the student is its own control."""
    return spec.control and spec.teacher is not None


def arms_of(spec: RunSpec) -> list[str]:
    """All arms, in the order in which they are trained."""
    kinds_trained = KINDS if trains_control(spec) else KINDS[:1]
    return [named(kind, number) for number in range(1, len(spec.train.seeds) + 1) for kind in kinds_trained]


def arms_after(spec: RunSpec, arm: str) -> int:
    """How many are still to be trained when this one is."""
    trained = arms_of(spec)
    return len(trained) - trained.index(arm) - 1
