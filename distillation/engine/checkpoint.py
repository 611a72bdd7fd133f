"""Checkpoints of one arm: ``last-<step>.pt``, newest two kept, each with a small JSON file that vouches for it.

Written to a temporary name, fsynced and renamed; the JSON file goes first, so a checkpoint without one does not
exist. Loaded weights-only. Once an arm is finished its final weights and its record stand for it.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from distillation.contract import events as kinds
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.engine import atomic, export
from distillation.engine.context import Context
from distillation.engine.events import finite

KEPT = 2
BEST, FINAL, DONE = "best.safetensors", "final.safetensors", "done.json"

_DAMAGE = (OSError, RuntimeError, ValueError, KeyError, EOFError, TypeError, pickle.UnpicklingError)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a checkpoint stands."""

    arm: str
    epoch: int
    """Epochs completed."""
    step: int
    """Optimizer steps done in this arm."""


class Checkpoints:
    """The checkpoint folder of one arm of one run."""

    def __init__(self, context: Context, arm: str, teacher_checksum: str | None) -> None:
        self._context = context
        self._arm = arm
        self._teacher_checksum = teacher_checksum
        self.folder = context.run_dir.checkpoints / arm

    def save(self, state: dict[str, Any], *, epoch: int, step: int) -> None:
        """Write a checkpoint and remove all but the newest two. Raises OSError (a full disk)."""
        path = self.folder / f"last-{step:08d}.pt"
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic.replacing(path) as file:
            torch.save({**state, "spec_digest": self._context.spec.digest(), "arm": self._arm}, cast(IO[bytes], file))
            atomic.write_json(
                path.with_suffix(".json"),
                {
                    "sha256": file.sha256,
                    "bytes": file.bytes,
                    "arm": self._arm,
                    "epoch": epoch,
                    "step": step,
                    "spec_digest": self._context.spec.digest(),
                    "teacher_checksum": self._teacher_checksum,
                },
            )
        self._prune()
        self._context.events.emit(
            kinds.CHECKPOINT,
            arm=self._arm,
            file=path.relative_to(self._context.run_dir.root).as_posix(),
            epoch=epoch,
            step=step,
            bytes=file.bytes,
        )

    def save_best(self, weights: dict[str, Tensor]) -> None:
        """Keep the weights of the best epoch so far, for people and for runs that deliver them."""
        export.save_weights(self.folder / BEST, weights)

    def best_weights(self) -> dict[str, Tensor]:
        """The weights of the best epoch. Raises OSError and SafetensorError."""
        return safetensors.torch.load_file(self.folder / BEST)

    def newest(self) -> Position | None:
        """Where the newest sound checkpoint stands. Raises Refused when it belongs to another spec."""
        found = self._newest_sound()
        return None if found is None else Position(self._arm, found[1]["epoch"], found[1]["step"])

    def load(self) -> dict[str, Any] | None:
        """Load the newest sound checkpoint; a damaged one is reported and the one before it taken.

        Raises Refused when it belongs to another spec or to other teacher outputs.
        """
        while (found := self._newest_sound()) is not None:
            path, record = found
            if record["teacher_checksum"] != self._teacher_checksum:
                raise Refused(
                    Sentence(
                        gettext_noop(
                            "The checkpoint {file} was written with other outputs of the teacher than the cache holds "
                            "now. Put the teacher back as it was, or start the task afresh."
                        ),
                        {"file": path.name},
                    )
                )
            try:
                state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
            except _DAMAGE:
                self._set_aside(path)
                continue
            return state
        return None

    def finish(self, weights: dict[str, Tensor], record: dict[str, Any]) -> None:
        """Record the arm as finished: its final weights first, then ``done.json``. Raises OSError."""
        sha256 = export.save_weights(self.folder / FINAL, weights)
        atomic.write_json(
            self.folder / DONE,
            finite({**record, "sha256": sha256, "spec_digest": self._context.spec.digest()}),
        )

    def finished(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Final weights and record of a finished arm, or None when it is not finished or its files are damaged."""
        record = atomic.read_json(self.folder / DONE)
        if not isinstance(record, dict) or record.get("spec_digest") != self._context.spec.digest():
            return None
        try:
            data = (self.folder / FINAL).read_bytes()
            if atomic.sha256_of(self.folder / FINAL) != record["sha256"]:
                raise ValueError("checksum")
            return safetensors.torch.load(data), record
        except (*_DAMAGE, SafetensorError):
            self._warn(FINAL)
            return None

    def _newest_sound(self) -> tuple[Path, dict[str, Any]] | None:
        for path in self._files():
            record = atomic.read_json(path.with_suffix(".json"))
            if isinstance(record, dict) and record.get("sha256") == atomic.sha256_of(path):
                if record["spec_digest"] != self._context.spec.digest():
                    raise _other_spec(path)
                return path, record
            self._set_aside(path)
        return None

    def _files(self) -> list[Path]:
        """Newest first."""
        return sorted(self.folder.glob("last-*.pt"), reverse=True)

    def _prune(self) -> None:
        kept = self._files()[:KEPT]
        stems = {path.stem for path in kept}
        for path in self.folder.glob("last-*"):
            if path.stem not in stems:
                path.unlink(missing_ok=True)
        for path in self.folder.glob(".*.tmp"):
            path.unlink(missing_ok=True)

    def _set_aside(self, path: Path) -> None:
        """Rename a damaged file, so that it is neither taken nor warned of again."""
        path.replace(path.with_name(f"damaged-{path.name}"))
        self._warn(path.name)

    def _warn(self, name: str) -> None:
        self._context.events.log(
            "warning",
            Sentence(
                gettext_noop("{file} of the arm {arm} is damaged; the run goes on from the checkpoint before it."),
                {"file": name, "arm": self._arm},
            ),
        )


def _other_spec(path: Path) -> Refused:
    return Refused(
        Sentence(
            gettext_noop("The checkpoint {file} belongs to another spec than spec.json. Start the task afresh."),
            {"file": path.name},
        )
    )
