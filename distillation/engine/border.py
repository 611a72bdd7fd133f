"""The border to the worker: lock, stop request, events, and an exit code for every end. Nothing is raised across it.

Knows no torch, so that a second engine and an early stop are answered at once; the run itself is imported, which
takes seconds, when lock and signal handlers are in place.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distillation.contract import events as kinds
from distillation.contract import exit_codes
from distillation.contract.labelling import LabellingSpec
from distillation.contract.run_dir import RunDir
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import RunSpec
from distillation.contract.trial import TrialSpec
from distillation.engine import locks
from distillation.engine.context import Context
from distillation.engine.events import EventWriter, Watch
from distillation.engine.importing import uncollected
from distillation.engine.progress import Progress
from distillation.engine.stopping import Stopped, StopRequest

Perform = Callable[[RunDir, Path, Any, EventWriter, StopRequest, int], None]


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done behind the border."""

    read_spec: Callable[[str], Any]
    """Raises Refused."""
    perform: Perform


def run(root: Path, home: Path, attempt: int, *, watch_stdin: bool, watch: Watch | None = None) -> int:
    """Run or continue the run in the directory ``root``; return one of the documented exit codes.

    ``watch`` sees every event that is written.
    """
    return _guarded(root, home, attempt, _Work(RunSpec.from_json, _train), watch_stdin=watch_stdin, watch=watch)


def label(root: Path, home: Path, attempt: int, *, watch_stdin: bool) -> int:
    """Begin or continue the labelling job in the directory ``root``; return one of the documented exit codes."""
    return _guarded(root, home, attempt, _Work(LabellingSpec.from_json, _label), watch_stdin=watch_stdin)


def attempt_trial(root: Path, home: Path, attempt: int, *, watch_stdin: bool) -> int:
    """Ask the models of the trial in the directory ``root``; return one of the documented exit codes."""
    return _guarded(root, home, attempt, _Work(TrialSpec.from_json, _try), watch_stdin=watch_stdin)


def _train(run_dir: RunDir, home: Path, spec: RunSpec, events: EventWriter, stop: StopRequest, attempt: int) -> None:
    context = Context(run_dir, home, spec, events, stop, Progress(spec, events))
    _import("distillation.engine.run").perform(context, attempt)


def _label(
    run_dir: RunDir, home: Path, spec: LabellingSpec, events: EventWriter, stop: StopRequest, attempt: int
) -> None:
    labelling = _import("distillation.engine.labelling.attempt")
    labelling.perform(run_dir, home, spec, events, stop, attempt)


def _try(run_dir: RunDir, home: Path, spec: TrialSpec, events: EventWriter, stop: StopRequest, attempt: int) -> None:
    trying = _import("distillation.engine.trying.attempt")
    trying.perform(run_dir, home, spec, events, stop, attempt)


def _import(module: str) -> Any:
    with uncollected():
        return importlib.import_module(module)


def _guarded(
    root: Path, home: Path, attempt: int, work: _Work, *, watch_stdin: bool, watch: Watch | None = None
) -> int:
    run_dir = RunDir(root)
    stop = StopRequest()
    stop.listen(watch_stdin=watch_stdin)
    try:
        with locks.try_hold(run_dir.lock) as ours:
            if not ours:
                return exit_codes.LOCKED
            return _run_locked(run_dir, EventWriter(run_dir.events(attempt), home, watch), home, attempt, work, stop)
    except OSError as error:
        # Without its directory the run has no place for events; the engine's log is all that is left.
        traceback.print_exception(error, file=sys.stderr)
        return exit_codes.DISK_FULL if _is_disk_full(error) else exit_codes.FAILED


def _run_locked(run_dir: RunDir, events: EventWriter, home: Path, attempt: int, work: _Work, stop: StopRequest) -> int:
    spec: Any = None
    try:
        spec = work.read_spec(_spec_text(run_dir))
        work.perform(run_dir, home, spec, events, stop, attempt)
        events.emit(kinds.FINISHED, outcome="completed")
        return exit_codes.COMPLETED
    except Stopped:
        return _ended(events, exit_codes.STOPPED, None)
    except Refused as refusal:
        return _ended(events, exit_codes.FAILED, refusal.sentence)
    except Exception as error:  # noqa: BLE001 - the border: whatever it was becomes an event and an exit code
        traceback.print_exception(error, file=sys.stderr)
        failures = importlib.import_module("distillation.engine.failures")
        code, sentence = failures.explain(error, spec if isinstance(spec, RunSpec) else None)
        return _ended(events, code, sentence)


def _ended(events: EventWriter, code: int, sentence: Sentence | None) -> int:
    """Report the end; a disk too full for the report changes the code, never raises."""
    try:
        if sentence is None:
            events.emit(kinds.FINISHED, outcome="stopped")
        else:
            events.emit(kinds.FAILED, sentence=sentence.as_json())
    except OSError as error:
        traceback.print_exception(error, file=sys.stderr)
        return exit_codes.DISK_FULL if _is_disk_full(error) else code
    return code


def _spec_text(run_dir: RunDir) -> str:
    try:
        return run_dir.spec.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise Refused(
            Sentence(
                gettext_noop("The run directory {folder} has no readable spec.json ({error}). Start the task afresh."),
                {"folder": run_dir.root.name, "error": str(error)},
            )
        ) from error


def _is_disk_full(error: OSError) -> bool:
    return bool(importlib.import_module("distillation.engine.failures").is_disk_full(error))
