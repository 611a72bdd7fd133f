"""Train one arm: the student, or the control that learns without the teacher.

Everything that decides the weights is a function of the spec and the position (epoch, step), so that a run killed
anywhere and resumed from a checkpoint ends with the same bits. Reports by events; never prints.
"""

from __future__ import annotations

import time
import traceback
from contextlib import nullcontext
from typing import Any

import torch
from torch import nn

from distillation.contract import events as kinds
from distillation.contract.sentence import Refused
from distillation.engine import failures, fitting_batch, objective, optimisation, randomness, resources
from distillation.engine.averaging import Averaging
from distillation.engine.batches import Batch, Feed
from distillation.engine.checkpoint import Checkpoints
from distillation.engine.context import Context
from distillation.engine.evaluation import Outcome, Validation
from distillation.engine.events import MIN_INTERVAL
from distillation.engine.objective import Objective
from distillation.engine.parallel.team import ALONE, GO_ON, OVER, STOP, Team
from distillation.engine.patience import Patience
from distillation.engine.precision import Precision, widened
from distillation.engine.stopping import Stopped
from distillation.engine.tally import Sums, Tally


class Trainer:
    """One arm of one attempt."""

    def __init__(
        self,
        context: Context,
        arm: str,
        model: nn.Module,
        feed: Feed,
        validation: Validation,
        checkpoints: Checkpoints,
        goal: Objective,
        *,
        epochs: int | None = None,
        later_steps: int = 0,
    ) -> None:
        """``epochs``: how many of the schedule's are trained, all of them unless the arm before stopped early.

        ``later_steps`` are those of the arms after this one, for the remaining time.
        """
        self._context, self._arm, self._spec = context, arm, context.spec.train
        self._epochs = self._spec.epochs if epochs is None else epochs
        self._model, self._feed, self._validation = model, feed, validation
        self._checkpoints, self._goal, self._later_steps = checkpoints, goal, later_steps
        self._parts = nn.ModuleDict({"student": model})
        if goal.trained is not None:
            self._parts["beside"] = goal.trained
        self._optimizer = optimisation.build(self._parts, self._spec)
        self._precision = Precision(context.spec.device, amp=self._spec.amp)
        self._forward = self._narrow if self._spec.amp else model
        self._average = Averaging(model) if self._spec.ema else None
        self._patience = Patience(self._spec.early_stopping if epochs is None else 0)
        self.total_steps = self._spec.epochs * feed.steps_per_epoch
        self._warmup_steps = optimisation.warmup_steps(self._spec.warmup_ratio, self.total_steps)
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
        self._parts.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._epoch, self._step_in_epoch, self.step = state["epoch"], state["step_in_epoch"], state["step"]
        self._trained_samples, self._tally = state["trained_samples"], Tally(state["sums"])
        self._best, self._last = state["best"], state["last"]
        self._epoch_began -= state["epoch_seconds"]
        self._began -= state["seconds"]
        self._saved_at, self._first_step = (self._epoch, self.step), self.step
        self._precision.load_state_dict(state["precision"])
        if self._average is not None:
            self._average.load_state_dict(state["average"])
        self._patience = Patience(**state["patience"])
        randomness.restore(state["rng"])

    def weights(self) -> dict[str, torch.Tensor]:
        """What is delivered when the last epoch is: the average where one is kept."""
        return self._average.weights() if self._average is not None else self._model.state_dict()

    def train(self, team: Team = ALONE) -> dict[str, Any]:
        """Train to the last epoch; return the arm's record. On a stop request write a checkpoint, raise Stopped.

        Only the process that leads the ``team`` validates and writes.
        """
        self._team = team
        self._judge = team.judge(self._parts, self._goal, self._forward, self.step)
        self._attempt_began = time.monotonic()
        over = self._is_over()
        try:
            while not over:
                self._train_epoch()
                over = self._end_epoch() if team.leads else self._follow_epoch()
        except Stopped:
            self._checkpoint()
            raise
        self._write_best()
        return self._record()

    def _is_over(self) -> bool:
        return self._epoch >= self._epochs or self._patience.exhausted

    def _end_epoch(self) -> bool:
        """Validate, and say whether it was the last one."""
        try:
            with self._average.in_place() if self._average is not None else nullcontext():
                self._close_epoch(self._validation(self._model, self._context.stop))
        except Stopped:
            self._team.tell(STOP)
            raise
        over = self._is_over()
        self._team.tell(OVER if over else GO_ON)
        if self._checkpoint_is_due():
            self._checkpoint()
        return over

    def _follow_epoch(self) -> bool:
        """What is left of an epoch to a process that does not lead."""
        self._epoch += 1
        self._begin_next(time.monotonic())
        return self._team.hear()

    def _checkpoint_is_due(self) -> bool:
        """After an epoch."""
        spec = self._context.spec
        if spec.checkpoint_epochs and self._epoch % spec.checkpoint_epochs == 0:
            return True
        return 0 <= spec.checkpoint_seconds <= time.monotonic() - self._saved

    def _train_epoch(self) -> None:
        """Hot: once a step. On small students 50 µs here cost 5 % of the throughput."""
        self._feed.open_epoch(self._epoch)
        self._parts.train()
        for step in range(self._step_in_epoch, self._feed.steps_per_epoch):
            try:
                self._train_step(step)
            except (RuntimeError, MemoryError) as error:
                self._explain_memory(error, step)
                raise
            self._step_in_epoch = step + 1
            now = time.monotonic()
            if now - self._looked >= MIN_INTERVAL:
                self._report_step(now)
            if 0 < self._context.spec.checkpoint_seconds <= now - self._saved:
                self._checkpoint()
            self._team.check(self._context.stop)

    def _train_step(self, step_in_epoch: int) -> None:
        rate = optimisation.learning_rate(self._spec, self.step, self.total_steps, warmup_steps=self._warmup_steps)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        batches = self._feed.step(step_in_epoch)
        self._team.begin(self._spec.seed, self.step)
        fold = False
        for batch in batches:
            with self._team.batch(last=batch is batches[-1]):
                terms = self._judge(batch)
                if self.step == 0:
                    self._team.require_teaching(terms, self._model)
                weighed = self._team.weigh(terms, batch, self._context.stop)
                share = self._precision.scale() / len(batches)
                objective.backward(terms, self._goal.weights, share, weighed.parts)
            if weighed.sums is None:
                fold |= self._tally.add(terms, batch)
                self._trained_samples += len(batch.inputs)
            else:
                self._tally.count(weighed.sums, self.step)
                self._trained_samples += weighed.sums.samples
        self._precision.step(self._optimizer, self._parts, self._spec.max_grad_norm)
        optimisation.forget_gradients(self._optimizer)
        if self._average is not None:
            self._average.update()
        self.step += 1
        if fold:
            self._tally.fold(self.step)

    def _explain_memory(self, error: Exception, step_in_epoch: int) -> None:
        """Where memory ran out, find the batch size that fits. Raises Refused with it."""
        if not failures.is_out_of_memory(error):
            return
        traceback.clear_frames(error.__traceback__)  # they hold what filled the memory
        optimisation.forget_gradients(self._optimizer)

        def attempt(batch: Batch) -> None:
            objective.backward(self._goal.terms(self._forward, batch), self._goal.weights)
            optimisation.forget_gradients(self._optimizer)

        largest = max(self._feed.step(step_in_epoch), key=lambda batch: len(batch.inputs))
        fits = fitting_batch.largest_that_runs(attempt, largest)
        whole = None if fits is None else fits * self._spec.world_size
        raise Refused(failures.batch_too_large(error, self._context.spec, whole)) from error

    def _close_epoch(self, outcome: Outcome) -> None:
        self._tally.fold(self.step)
        now = time.monotonic()
        best = self._best is None or outcome.accuracy > self._best["val_accuracy"]
        self._patience = self._patience.after(outcome.accuracy)
        figures = self._mean_losses(self._tally.epoch) | {"val_accuracy": outcome.accuracy}
        if outcome.loss is not None:
            figures["val_loss"] = outcome.loss
        self._epoch += 1
        self._last = {"epoch": self._epoch, "val_proof": outcome.proof, **figures}
        if best:
            self._best = self._last
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
        self._begin_next(now)

    def _begin_next(self, now: float) -> None:
        self._step_in_epoch, self._tally.epoch, self._epoch_began = 0, Sums(), now

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
            **{name: means[name] for name in ("soft_loss", "feature_loss", "hard_loss") if name in means},
            learning_rate=self._optimizer.param_groups[0]["lr"],
            samples_per_second=recent.samples / (now - self._looked),
            trained_samples=self._trained_samples,
            progress=self._context.progress.percent(self.step),
            remaining_seconds=pace * (self.total_steps - self.step + self._later_steps),
        )
        self._looked = now

    def _mean_losses(self, sums: Sums) -> dict[str, float | None]:
        """Means over samples (soft, feature) and labelled samples (hard), unweighted; train_loss is the weighted sum.

        A term that the loss does not have is left out; without a teacher all of the teacher's are None.
        """
        hard = sums.hard / sums.labelled if sums.labelled else 0.0
        figures: dict[str, float | None] = {"train_loss": hard, "hard_loss": hard}
        if sums.correct is not None:
            figures["train_accuracy"] = 100.0 * sums.correct / sums.labelled if sums.labelled else None
        weights = self._goal.weights
        if weights is None:
            return figures | {"distill_loss": None, "soft_loss": None}
        taught = 0.0
        if weights.soft:
            figures["soft_loss"] = sums.soft / sums.samples
            taught += sums.soft / sums.samples
        if weights.feature:
            figures["feature_loss"] = sums.feature / sums.samples
            taught += weights.feature_weight * sums.feature / sums.samples
        total = weights.soft_weight * taught + weights.hard_weight * hard
        return figures | {"train_loss": total, "distill_loss": total}

    def _narrow(self, inputs: torch.Tensor) -> Any:
        """The student in mixed precision; its answers in float32, since losses need their digits."""
        with self._precision.autocast():
            answers = self._model(inputs)
        return widened(answers)

    def _checkpoint(self) -> None:
        """Write a checkpoint on a step border; the sums are taken first, so none is written with broken losses."""
        if not self._team.leads or self._saved_at == (self._epoch, self.step):
            return
        self._tally.fold(self.step)
        self._write_best()
        now = time.monotonic()
        self._checkpoints.save(
            {
                "model": self._parts.state_dict(),
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
                "precision": self._precision.state_dict(),
                "average": None if self._average is None else self._average.state_dict(),
                "patience": self._patience.state(),
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
            "delivered": self._best if self._spec.select_best else self._last,
        }
