"""Train one arm: the student, or the control that learns without the teacher.

Everything that decides the weights is a function of the spec and the position (epoch, step), so that a run killed
anywhere and resumed from a checkpoint ends with the same bits. Reports by events; never prints.
"""

from __future__ import annotations

import time
from typing import Any

import torch
from torch import nn

from distillation.contract import events as kinds
from distillation.contract.spec import LossSpec
from distillation.engine import losses, optimisation, randomness, resources
from distillation.engine.batches import Feed
from distillation.engine.checkpoint import Checkpoints
from distillation.engine.context import Context
from distillation.engine.evaluation import Outcome, Validation, evaluate
from distillation.engine.events import MIN_INTERVAL
from distillation.engine.stopping import Stopped
from distillation.engine.tally import Sums, Tally


class Trainer:
    """One arm of one attempt. ``loss`` is None for an arm that learns from labels alone."""

    def __init__(
        self,
        context: Context,
        arm: str,
        model: nn.Module,
        feed: Feed,
        validation: Validation,
        checkpoints: Checkpoints,
        loss: LossSpec | None,
        *,
        later_steps: int = 0,
    ) -> None:
        """``later_steps`` are those of the arms after this one, for the remaining time."""
        self._context, self._arm, self._spec = context, arm, context.spec.train
        self._model, self._feed, self._validation = model, feed, validation
        self._checkpoints, self._loss, self._later_steps = checkpoints, loss, later_steps
        self._optimizer = optimisation.build(model, self._spec)
        self.total_steps = self._spec.epochs * feed.steps_per_epoch
        self._epoch = 0  # completed epochs
        self._step_in_epoch = 0
        self.step = 0
        self._trained_samples = 0
        self._tally = Tally()
        self._best: dict[str, Any] | None = None
        self._last: dict[str, Any] | None = None
        self._best_weights: dict[str, torch.Tensor] | None = None  # not on disk yet
        self._epoch_began = self._began = self._looked = self._saved = time.monotonic()
        self._saved_at = (-1, -1)
        self._first_step = 0

    def restore(self) -> None:
        """Go on from the newest sound checkpoint, if there is one. Raises Refused for a foreign one."""
        state = self._checkpoints.load()
        if state is None:
            return
        self._model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._epoch, self._step_in_epoch, self.step = state["epoch"], state["step_in_epoch"], state["step"]
        self._trained_samples, self._tally = state["trained_samples"], Tally(state["sums"])
        self._best, self._last = state["best"], state["last"]
        self._epoch_began -= state["epoch_seconds"]
        self._began -= state["seconds"]
        self._saved_at, self._first_step = (self._epoch, self.step), self.step
        randomness.restore(state["rng"])

    def train(self) -> dict[str, Any]:
        """Train to the last epoch; return the arm's record. On a stop request write a checkpoint, raise Stopped."""
        self._attempt_began = time.monotonic()
        try:
            while self._epoch < self._spec.epochs:
                self._train_epoch()
                self._close_epoch(evaluate(self._model, self._validation, self._context.stop))
        except Stopped:
            self._checkpoint()
            raise
        self._write_best()
        return self._record()

    def _train_epoch(self) -> None:
        """Hot: once a step. On small students 50 µs here cost 5 % of the throughput."""
        self._feed.open_epoch(self._epoch)
        self._model.train()
        for step in range(self._step_in_epoch, self._feed.steps_per_epoch):
            self._train_step(step)
            self._step_in_epoch = step + 1
            now = time.monotonic()
            if now - self._looked >= MIN_INTERVAL:
                self._report_step(now)
            if 0 < self._context.spec.checkpoint_seconds <= now - self._saved:
                self._checkpoint()
            self._context.stop.check()

    def _train_step(self, step_in_epoch: int) -> None:
        rate = optimisation.learning_rate(self._spec, self.step, self.total_steps)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        batches = self._feed.step(step_in_epoch)
        fold = False
        for batch in batches:
            logits = self._model(batch.inputs)
            hard = losses.hard_loss(logits, batch.labels, batch.labelled)
            soft = None
            if batch.teacher is not None and self._loss is not None:
                soft = losses.soft_loss(logits, batch.teacher, self._loss.temperature)
                if self.step == 0:
                    losses.require_teaching(soft, self._model)
            losses.backward(soft, hard, self._loss, 1.0 / len(batches))
            fold |= self._tally.add(None if soft is None else soft.detach(), hard.detach(), logits.detach(), batch)
            self._trained_samples += len(batch.labels)
        if self._spec.max_grad_norm:
            nn.utils.clip_grad_norm_(self._model.parameters(), self._spec.max_grad_norm)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.step += 1
        if fold:
            self._tally.fold(self.step)

    def _close_epoch(self, outcome: Outcome) -> None:
        self._tally.fold(self.step)
        now = time.monotonic()
        best = self._best is None or outcome.accuracy > self._best["val_accuracy"]
        figures = {
            **self._mean_losses(self._tally.epoch),
            "val_loss": outcome.loss,
            "val_accuracy": outcome.accuracy,
        }
        self._epoch += 1
        self._last = {"epoch": self._epoch, "val_correct": outcome.correct, **figures}
        if best:
            self._best = {"epoch": self._epoch, "val_accuracy": outcome.accuracy}
            self._best_weights = {name: tensor.clone() for name, tensor in self._model.state_dict().items()}
        self._context.events.emit(
            kinds.EPOCH,
            arm=self._arm,
            epoch=self._epoch,
            step=self.step,
            **figures,
            epoch_seconds=now - self._epoch_began,
            memory_mb=resources.memory_mb(),
            gpu_percent=resources.gpu_percent(self._context.spec.device),
            progress=self._context.progress.percent(self.step),
            best=best,
        )
        self._step_in_epoch, self._tally.epoch, self._epoch_began = 0, Sums(), now
        if now - self._saved >= self._context.spec.checkpoint_seconds:
            self._checkpoint()

    def _report_step(self, now: float) -> None:
        self._tally.fold(self.step)
        recent, self._tally.recent = self._tally.recent, Sums()
        means = self._mean_losses(recent)
        pace = (now - self._attempt_began) / (self.step - self._first_step)
        self._context.events.emit(
            kinds.STEP,
            arm=self._arm,
            epoch=self._epoch + 1,
            step=self.step,
            total_steps=self.total_steps,
            loss=means["train_loss"],
            soft_loss=means["soft_loss"],
            hard_loss=means["hard_loss"],
            learning_rate=self._optimizer.param_groups[0]["lr"],
            samples_per_second=recent.samples / (now - self._looked),
            trained_samples=self._trained_samples,
            progress=self._context.progress.percent(self.step),
            remaining_seconds=pace * (self.total_steps - self.step + self._later_steps),
        )
        self._looked = now

    def _mean_losses(self, sums: Sums) -> dict[str, float | None]:
        """Means over samples (soft) and labelled samples (hard), unweighted; train_loss is their weighted sum."""
        hard = sums.hard / sums.labelled if sums.labelled else 0.0
        accuracy = 100.0 * sums.correct / sums.labelled if sums.labelled else None
        if self._loss is None:
            return {
                "train_loss": hard,
                "train_accuracy": accuracy,
                "distill_loss": None,
                "soft_loss": None,
                "hard_loss": hard,
            }
        soft = sums.soft / sums.samples
        total = self._loss.soft_weight * soft + self._loss.hard_weight * hard
        return {
            "train_loss": total,
            "train_accuracy": accuracy,
            "distill_loss": total,
            "soft_loss": soft,
            "hard_loss": hard,
        }

    def _checkpoint(self) -> None:
        """Write a checkpoint on a step border; the sums are taken first, so none is written with broken losses."""
        if self._saved_at == (self._epoch, self.step):
            return
        self._tally.fold(self.step)
        self._write_best()
        now = time.monotonic()
        self._checkpoints.save(
            {
                "model": self._model.state_dict(),
                "optimizer": self._optimizer.state_dict(),
                "epoch": self._epoch,
                "step_in_epoch": self._step_in_epoch,
                "step": self.step,
                "trained_samples": self._trained_samples,
                "sums": self._tally.state(),
                "best": self._best,
                "last": self._last,
                "epoch_seconds": now - self._epoch_began,
                "seconds": now - self._began,
                "rng": randomness.capture(),
            },
            epoch=self._epoch,
            step=self.step,
        )
        self._saved_at, self._saved = (self._epoch, self.step), time.monotonic()

    def _write_best(self) -> None:
        """Best weights reach the disk with the next checkpoint: a resumed run finds the same best again."""
        if self._best_weights is not None:
            self._checkpoints.save_best(self._best_weights)
            self._best_weights = None

    def _record(self) -> dict[str, Any]:
        return {
            "epochs": self._epoch,
            "steps": self.step,
            "trained_samples": self._trained_samples,
            "seconds": time.monotonic() - self._began,
            "final": self._last,
            "best": self._best,
        }
