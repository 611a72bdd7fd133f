"""A teacher in memory that learns through adapters while it teaches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import safetensors.torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor, nn

from distillation.contract.lora import LoraSpec
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown
from distillation.engine import atomic, export, lora, randomness, teacher_cache, teachers, throughput
from distillation.engine.adaptation.judging import Judged, judge
from distillation.engine.adaptation.learning import learning_mode
from distillation.engine.answer_cache import TeacherOutputs
from distillation.engine.context import Context
from distillation.engine.frozen_data import FrozenData
from distillation.engine.lora import adapter
from distillation.engine.teacher_pictures import TeacherPictures
from distillation.engine.teachers import TeacherSource, of_one_shape
from distillation.engine.usable_rows import UsableRows

ADAPTER, RECORD = "adapter.safetensors", "joint.json"


class LiveTeacher:
    """Loaded and adapted once an attempt; a checkpoint of the student's arm holds its adapters."""

    def __init__(
        self, context: Context, settings: LoraSpec, data: FrozenData, rows: UsableRows, source: TeacherSource
    ) -> None:
        """Raises Refused, DataChanged, Stopped."""
        self._context, self._rows, self._name = context, rows, source.name
        self._device = context.spec.device
        self._folder = context.run_dir.checkpoints / "teacher"
        self._loaded = teachers.load(source, self._device)
        tower = self._loaded.network
        if tower is None:
            raise Refused(
                Sentence(gettext_noop("The teacher {name} takes no LoRA adapters."), {"name": shown(source.name)})
            )
        self._tower = tower
        self._pictures = TeacherPictures(data, self._loaded, context.spec.threads, keep=True)
        self.before = self._judge().accuracy
        self.outputs = TeacherOutputs({}, source.identity, self._about(source))
        """No answers; what is known of the teacher, and a checksum that tells another one."""
        randomness.seed_all(context.spec.train.seed)
        self._inserted = lora.insert(tower, settings, source.name)
        self._inserted.report(context.events)
        self.adapters = _Adapters(self._loaded.model, tower)

    def scores(self, pictures: Sequence[Tensor]) -> Tensor:
        """Logits with their graph, float32 ``[pictures, classes]``."""
        return self._loaded.scores(pictures, self._device)

    def pictures(self, rows: NDArray[np.int64]) -> LivePictures:
        """What the teacher sees of ``rows``, for a feed."""
        return LivePictures(self._pictures, rows)

    def keep(self) -> dict[str, Any]:
        """Write what was learned beside the student's checkpoints; return the facts for the result. Raises OSError."""
        tensors = {name: parameter.detach().cpu() for name, parameter in adapter.learning(self._tower).items()}
        sha256 = export.save_weights(self._folder / ADAPTER, tensors)
        atomic.write_json(self._folder / RECORD, {"sha256": sha256, "spec_digest": self._context.spec.digest()})
        after = self._judge().accuracy
        params = {"name": shown(self._name), "before": round(self.before, 2), "after": round(after, 2)}
        sentence = gettext_noop(
            "The teacher {name} learned together with the student: right on {after} % of the held-out pictures, "
            "{before} % before."
        )
        self._context.events.log("info", Sentence(sentence, params))
        return {**self._inserted.facts(), "accuracy_before": self.before, "accuracy_after": after, "applied": True}

    def learned(self) -> Judged:
        """What it answers after the training, which another attempt may have finished. Raises Refused, Stopped."""
        record = atomic.read_json(self._folder / RECORD)
        try:
            if record["spec_digest"] != self._context.spec.digest():
                raise ValueError("spec")
            if record["sha256"] != atomic.sha256_of(self._folder / ADAPTER):
                raise ValueError("checksum")
            adapter.load(self._tower, safetensors.torch.load_file(self._folder / ADAPTER))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise Refused(
                Sentence(
                    gettext_noop(
                        "What the teacher {name} learned in this run is damaged ({error}). Start the task afresh."
                    ),
                    {"name": shown(self._name), "error": str(error)[:200]},
                )
            ) from error
        return self._judge()

    def _judge(self) -> Judged:
        return judge(self._loaded, self._pictures, self._rows, self._device, self._context.stop)

    def _about(self, source: TeacherSource) -> dict[str, Any]:
        count = min(self._context.spec.train.batch_size, teacher_cache.SPEED_BATCH)
        batch = of_one_shape(self._pictures.take(self._rows.train[:count].tolist())).to(self._device)
        speed = throughput.measure(self._loaded.model, batch, self._context.stop)
        return teacher_cache.about(source, self._loaded.parameters, speed)


@dataclass(frozen=True, slots=True)
class LivePictures:
    """The teacher's pictures of some rows, in the order of an epoch."""

    source: TeacherPictures
    rows: NDArray[np.int64]

    def lay_out(self, order: Tensor) -> Callable[[int, int], list[Tensor]]:
        """A function that reads the pictures ``begin:end`` of ``order``."""
        return lambda begin, end: self.source.take(self.rows[order[begin:end].numpy()].tolist())


class _Adapters(nn.Module):
    """The parameters that learn, and nothing of the frozen network: a checkpoint would hold all of it."""

    def __init__(self, model: nn.Module, tower: nn.Module) -> None:
        super().__init__()
        self.learning = nn.ParameterList(adapter.learning(tower).values())
        self._networks = (model, tower)  # a tuple, so that they are no submodules

    def train(self, mode: bool = True) -> _Adapters:
        """Dropout in the adapters, or nowhere."""
        super().train(mode)
        model, tower = self._networks
        if mode:
            learning_mode(model, tower)
        else:
            model.eval()
        return self
