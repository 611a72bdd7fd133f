"""The training of a teacher's adapters on labelled pictures, which goes on from a checkpoint bit for bit.

With the run's optimizer, learning rate, schedule, batch size and seed, for the settings' own number of epochs.
"""

from __future__ import annotations

import hashlib
import io
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from distillation.contract.lora import LoraSpec
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown
from distillation.engine import atomic, lora, optimisation, randomness
from distillation.engine.context import Context
from distillation.engine.lora import Inserted, adapter
from distillation.engine.ordering import Ordering
from distillation.engine.stopping import Stopped
from distillation.engine.teacher_pictures import TeacherPictures
from distillation.engine.teachers import LoadedTeacher
from distillation.engine.usable_rows import UsableRows

CHECKPOINT = "checkpoint"
"""SHA-256 of the rest, then what torch.save wrote: one file, so that it is either sound or not there."""
_DIGEST_BYTES = 32


class Learning:
    """Puts adapters into a loaded teacher and trains them; ``folder`` holds the checkpoint and is locked by us."""

    def __init__(
        self,
        context: Context,
        settings: LoraSpec,
        name: str,
        loaded: LoadedTeacher,
        tower: nn.Module,
        pictures: TeacherPictures,
        rows: UsableRows,
        folder: Path,
    ) -> None:
        """Raises Refused where the settings match no module."""
        self._context, self._name, self._folder = context, name, folder
        self._loaded, self._tower, self._pictures, self._rows = loaded, tower, pictures, rows
        self._train = replace(context.spec.train, epochs=settings.epochs, world_size=1)
        randomness.seed_all(self._train.seed)
        self.inserted: Inserted = lora.insert(tower, settings, name)
        self._learning = adapter.learning(tower)
        self._optimizer = optimisation.build(tower, self._train)
        self._order = Ordering(len(rows.train), self._train)
        self.total_steps = self._train.epochs * self._order.steps_per_epoch
        self._warmup = optimisation.warmup_steps(self._train.warmup_ratio, self.total_steps)
        self.step = 0
        self._saved = time.monotonic()

    def run(self) -> None:
        """Train to the last step. On a stop request write a checkpoint and raise Stopped."""
        self._restore()
        learning_mode(self._loaded.model, self._tower)
        positions, shown_epoch = torch.empty(0, dtype=torch.int64), -1
        try:
            while self.step < self.total_steps:
                epoch, step = divmod(self.step, self._order.steps_per_epoch)
                if epoch != shown_epoch:
                    positions, shown_epoch = self._order.positions(epoch), epoch
                self._one_step(positions, step)
                self._context.progress.advance(self.samples)
                if 0 < self._context.spec.checkpoint_seconds <= time.monotonic() - self._saved:
                    self._checkpoint()
                self._context.stop.check()
        except Stopped:
            self._checkpoint()
            raise

    @property
    def samples(self) -> int:
        """Pictures looked at so far."""
        epoch, step = divmod(self.step, self._order.steps_per_epoch)
        within = self._order.borders[self._order.batches(step).start - 1][1] if step else 0
        return epoch * self._order.samples_per_epoch + within

    def tensors(self) -> dict[str, Tensor]:
        """What was learned."""
        return {name: parameter.detach().cpu() for name, parameter in self._learning.items()}

    def _one_step(self, positions: Tensor, step: int) -> None:
        rate = optimisation.learning_rate(self._train, self.step, self.total_steps, warmup_steps=self._warmup)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        batches = self._order.batches(step)
        for index in batches:
            begin, end = self._order.borders[index]
            rows = self._rows.train[positions[begin:end].numpy()]
            scores = self._loaded.scores(self._pictures.take(rows.tolist()), self._context.spec.device)
            labels = torch.from_numpy(self._rows.labels[rows]).to(scores.device)
            loss = F.cross_entropy(scores, labels)
            if not math.isfinite(loss.item()):
                raise self._not_finite()
            (loss / len(batches)).backward()
        if self._train.max_grad_norm:
            nn.utils.clip_grad_norm_(self._learning.values(), self._train.max_grad_norm)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.step += 1

    def _checkpoint(self) -> None:
        state = {
            "step": self.step,
            "tensors": self.tensors(),
            "optimizer": self._optimizer.state_dict(),
            "rng": randomness.capture(),
        }
        buffer = io.BytesIO()
        torch.save(state, buffer)
        data = buffer.getvalue()
        atomic.write_bytes(self._folder / CHECKPOINT, hashlib.sha256(data).digest() + data)
        self._saved = time.monotonic()

    def _restore(self) -> None:
        """Go on from the checkpoint; a damaged one is left aside, since the same steps can be made again."""
        try:
            kept = (self._folder / CHECKPOINT).read_bytes()
        except FileNotFoundError:
            return
        digest, data = kept[:_DIGEST_BYTES], kept[_DIGEST_BYTES:]
        if hashlib.sha256(data).digest() != digest:
            return
        state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        adapter.load(self._tower, state["tensors"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step = int(state["step"])
        randomness.restore(state["rng"])

    def _not_finite(self) -> Refused:
        return Refused(
            Sentence(
                gettext_noop(
                    "While the teacher {name} was adapted its loss was no longer a finite number (step {step}). Choose "
                    "a lower learning rate, or limit the gradient with maxGradNorm."
                ),
                {"name": shown(self._name), "step": self.step},
            )
        )


def learning_mode(model: nn.Module, tower: nn.Module) -> None:
    """Dropout in the adapters alone: the frozen network behaves as it does when it answers, its statistics stay."""
    model.eval()
    for _, layer in lora.adapted_layers(tower):
        layer.train()
