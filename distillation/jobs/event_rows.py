"""What a batch of events leaves in the tables that grow: points of curves and lines of the log.

Only reads the events; ``ingest`` writes what is collected here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from distillation.contract import events, series
from distillation.contract.arms import ARMS, kind_of, number_of
from distillation.contract.sentence import Sentence, gettext_noop
from distillation.models import LineKind, LogLevel
from distillation.services.points import Point
from distillation.services.task_log import Line

LEVELS = {"debug": LogLevel.DEBUG, "info": LogLevel.INFO, "warning": LogLevel.WARNING, "error": LogLevel.ERROR}
MAX_STEP = 2**53
PHASES = {
    "prepare": gettext_noop("preparing data"),
    "adapt": gettext_noop("adapting the teacher"),
    "teacher": gettext_noop("asking the teacher"),
    "student": gettext_noop("training the student"),
    "control": gettext_noop("training the control arm"),
    "evaluate": gettext_noop("evaluating"),
    "export": gettext_noop("exporting"),
}

Event = Mapping[str, Any]


class Cut(NamedTuple):
    """From where an arm goes on."""

    step: int
    time: float | None
    """When it did, in seconds since 1970."""


class Rows:
    """Collects from events in their order."""

    def __init__(self, *, distils: bool, phase: str | None) -> None:
        """``distils``: the student has a teacher. ``phase``: in which the events before these were."""
        self.points: list[Point] = []
        self.lines: list[Line] = []
        self.cuts: dict[str, Cut] = {}
        """By arm: what earlier attempts did behind it is superseded."""
        self.phase = phase
        self._distils = distils
        self._readers = {
            events.STARTED: self._started,
            events.PHASE: self._phase,
            events.STEP: self._step,
            events.EPOCH: self._epoch,
            events.CHECKPOINT: self._checkpoint,
            events.LOG: self._log,
            events.FINISHED: self._finished,
            events.FAILED: self._failed,
        }

    def add(self, event: Event) -> None:
        """Take one event."""
        reader = self._readers.get(event["kind"])
        if reader is not None:
            reader(event)

    def _started(self, event: Event) -> None:
        self.phase = None
        params = {"attempt": _text(event.get("attempt")), "device": _text(event.get("device"))}
        step, arm = _step_of(event.get("resumed_step")), event.get("resumed_arm")
        if step is None or arm not in ARMS:
            sentence = Sentence(gettext_noop("Attempt {attempt} begins on {device}."), params)
            self._line(event, sentence, LineKind.STARTED)
            return
        sentence = Sentence(
            gettext_noop("Attempt {attempt} begins on {device}; the newest checkpoint is at step {step} ({arm})."),
            {**params, "step": step, "arm": arm},
        )
        self._line(event, sentence, LineKind.STARTED, arm=str(arm), step=step)

    def _phase(self, event: Event) -> None:
        """The beginning of a phase; the engine repeats the event with its progress."""
        name = _text(event.get("phase"))
        if name == self.phase:
            return
        self.phase = name
        begun = _step_of(event.get("done")) if name in ARMS else None
        if begun is not None:
            self._cut(name, begun, _moment(event.get("time")))
        sentence = Sentence(gettext_noop("Phase: {phase}"), {"phase": _words(name)})
        self._line(event, sentence, LineKind.PHASE, arm=name if name in ARMS else "", step=begun)

    def _cut(self, arm: str, step: int, time: float | None) -> None:
        first = self.cuts.get(arm, Cut(step, time))
        self.cuts[arm] = Cut(min(step, first.step), first.time)
        self.points = [point for point in self.points if point[1] != arm or point[2] <= step]

    def _step(self, event: Event) -> None:
        self._points(event, series.STEP_SERIES)

    def _epoch(self, event: Event) -> None:
        self._points(event, series.EPOCH_SERIES)

    def _points(self, event: Event, names: Mapping[str, str]) -> None:
        arm, step = event.get("arm"), _step_of(event.get("step"))
        if arm not in ARMS or step is None:
            return
        taught = self._distils and kind_of(arm) == "student"
        epoch, time = _epoch_of(event.get("epoch")), _moment(event.get("time"))
        for key, name in names.items():
            if key not in event or (key in series.OF_THE_TEACHER and not taught):
                continue
            value = _finite(event[key])
            if value is None and key in series.OF_LABELS:
                continue
            self.points.append((name, arm, step, epoch, time, value))

    def _checkpoint(self, event: Event) -> None:
        size = _finite(event.get("bytes"))
        sentence = Sentence(
            gettext_noop("Checkpoint at step {step} ({arm}), {megabytes} MB"),
            {
                "step": _text(event.get("step")),
                "arm": _text(event.get("arm")),
                "megabytes": "–" if size is None else round(size / 1e6, 2),
            },
        )
        arm = event.get("arm")
        self._line(event, sentence, LineKind.CHECKPOINT, level=LogLevel.DEBUG,
                   arm=arm if arm in ARMS else "", step=_step_of(event.get("step")))  # fmt: skip

    def _log(self, event: Event) -> None:
        self._line(event, sentence_of(event), level=LEVELS.get(_text(event.get("level")), LogLevel.INFO))

    def _finished(self, event: Event) -> None:
        sentence = (
            Sentence(gettext_noop("The engine has finished."))
            if event.get("outcome") == "completed"
            else Sentence(gettext_noop("The engine has stopped at a checkpoint."))
        )
        self._line(event, sentence, LineKind.FINISHED)

    def _failed(self, event: Event) -> None:
        self._line(event, sentence_of(event), LineKind.FAILED, level=LogLevel.ERROR)

    def _line(
        self,
        event: Event,
        sentence: Sentence,
        kind: str = LineKind.MESSAGE,
        *,
        level: int = LogLevel.INFO,
        arm: str = "",
        step: int | None = None,
    ) -> None:
        self.lines.append(
            Line(sentence, level, kind, arm, step, _step_of(event.get("seq")), _finite(event.get("time")))
        )


def _words(phase: str) -> Any:
    """A phase as a sentence; as it is called where there is none."""
    if phase in ARMS and number_of(phase) > 1:
        again = gettext_noop("{phase}, seed no. {number}")
        words = {"phase": Sentence(PHASES[kind_of(phase)]).as_json(), "number": number_of(phase)}
        return Sentence(again, words).as_json()
    return Sentence(PHASES[phase]).as_json() if phase in PHASES else phase


def sentence_of(event: Event) -> Sentence:
    """The event's sentence; whatever else stands there as it is."""
    try:
        return Sentence.from_json(event["sentence"])
    except (KeyError, TypeError, ValueError):
        return Sentence("{text}", {"text": str(event.get("sentence", "–"))})


def _step_of(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= MAX_STEP else None


def _epoch_of(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < 2**31 else None


def _finite(value: Any) -> float | None:
    """A float that a database keeps, or None; bool is no figure."""
    if type(value) is int:
        return float(value) if abs(value) < MAX_STEP else None
    return value if type(value) is float and math.isfinite(value) else None


def _moment(value: Any) -> float | None:
    """To the millisecond: more digits only make answers longer."""
    seconds = _finite(value)
    return None if seconds is None else round(seconds, 3)


def _text(value: Any) -> str:
    return "–" if value is None else str(value)[:100]
