"""One attempt of a job that a worker supervises: events out, the device that the worker gave."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from distillation.contract import events as kinds
from distillation.contract.labelling import LABELLED, LabellingSpec
from distillation.contract.run_dir import RunDir
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.engine import failures
from distillation.engine.events import EventWriter
from distillation.engine.labelling.job import Job
from distillation.engine.labelling.tally import Tally
from distillation.engine.stopping import StopRequest


class EventReporter:
    """Tells the worker by events, at most every half second."""

    def __init__(self, events: EventWriter) -> None:
        self._events = events

    def labelled(self, tally: Tally) -> None:
        """Emit the counts; the first and the last ones in any case."""
        if self._events.due(LABELLED) or tally.processed == tally.total:
            self._events.emit(LABELLED, **tally.facts())

    def note(self, level: str, sentence: Sentence) -> None:
        """Emit a line of the log."""
        self._events.log(level, sentence)


def perform(
    run_dir: RunDir, home: Path, spec: LabellingSpec, events: EventWriter, stop: StopRequest, attempt: int
) -> None:
    """Carry the job on, unless it is finished. Raises Refused and Stopped."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    events.emit(
        kinds.STARTED, pid=os.getpid(), attempt=attempt, device=device, threads=spec.threads, torch=torch.__version__
    )
    try:
        Job(run_dir.root, home, spec, stop, EventReporter(events), device).perform()
    except OSError as error:
        if not failures.is_disk_full(error):
            raise
        raise Refused(
            Sentence(
                gettext_noop(
                    "The disk of the output folder is full. Free some space and submit the job again with the same "
                    "folder."
                )
            )
        ) from error
