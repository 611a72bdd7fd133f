"""What a terminal shows of a run: a bar a phase, a line an epoch, and every sentence."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from distillation.contract import events as kinds
from distillation.contract.sentence import Sentence

QUIET_SECONDS = 10.0
"""Between two lines of a bar that is written into a file."""


def bar(name: str, total: int, unit: str, done: int = 0) -> tqdm[Any]:
    """A bar on standard error; where that is no terminal, a line every now and then."""
    terminal = sys.stderr.isatty()
    return tqdm(
        desc=name, total=total, initial=done, unit=f" {unit}", file=sys.stderr, dynamic_ncols=terminal,
        mininterval=0.2 if terminal else QUIET_SECONDS, ascii=not terminal, leave=terminal,
    )  # fmt: skip


class RunBars:
    """Shows the events of a run."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None

    def __call__(self, event: dict[str, Any]) -> None:
        """Draw one event."""
        match event["kind"]:
            case kinds.PHASE:
                self._phase(event)
            case kinds.STEP if self._bar is not None:
                self._bar.set_postfix(loss=f"{event['loss']:.4g}" if event["loss"] is not None else "–", refresh=False)
                self._move(event["step"])
            case kinds.EPOCH:
                self._move(event["step"])
                self._say(_epoch(event))
            case kinds.LOG:
                self._say(f"{event['level']}: {Sentence.from_json(event['sentence']).english()}")
            case kinds.FAILED:
                self.close()
                self._say(Sentence.from_json(event["sentence"]).english())
            case kinds.FINISHED:
                self.close()
                self._say(event["outcome"])

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _phase(self, event: dict[str, Any]) -> None:
        if self._bar is None or self._bar.desc.removesuffix(": ") != event["phase"]:
            self.close()
            self._bar = bar(event["phase"], event["total"], event["unit"], event["done"])
        self._bar.total = event["total"]
        self._move(event["done"])

    def _move(self, done: int) -> None:
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def _say(self, line: str) -> None:
        tqdm.write(line, file=sys.stderr)


def _epoch(event: dict[str, Any]) -> str:
    figures = {name: event.get(name) for name in ("train_loss", "val_loss", "val_accuracy")}
    known = [f"{name} {value:.4g}" for name, value in figures.items() if value is not None]
    return f"{event['arm']} epoch {event['epoch']}: {', '.join(known)}{' (best)' if event['best'] else ''}"
