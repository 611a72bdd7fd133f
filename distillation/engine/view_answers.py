"""The answers of a finished task's student or a segmenter to every view of a run's pictures, kept as float16.

Teacher and student see the same pixels: a student that is shown another view than its teacher learns less.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import LossSpec
from distillation.datasets.layout import shown
from distillation.engine import answer_cache, export, feature_layers, students, teacher_cache, teachers, throughput
from distillation.engine.answer_cache import Shape, TeacherOutputs
from distillation.engine.context import Context
from distillation.engine.detection.outputs import Detections
from distillation.engine.picture_pack import PicturePack
from distillation.engine.taps import Taps
from distillation.engine.teachers import TeacherSource, quantisation
from distillation.engine.view_feed import Views

Read = Callable[[Any], dict[str, Tensor]]
"""From a network's outputs to named answers, ``[batch, …]`` each."""
Judge = Callable[[nn.Module], dict[str, Any]]
"""The teacher's own figures on the held-out pictures."""


def open_views(
    context: Context,
    digest: str,
    pack: PicturePack,
    source: TeacherSource,
    views: Views,
    read: Read,
    judge: Judge,
    *,
    kept: str,
    tapped: bool,
) -> TeacherOutputs:
    """Open the answers to view k of position p at item ``p · views + k``; ask what is missing.

    ``kept`` tells what ``read`` keeps; where ``tapped``, features of the teacher's layers are kept too, by path.

    Raises Refused when the teacher takes other pictures than the student, DataChanged, Stopped, OSError.
    """
    loss = context.spec.loss if tapped else None
    rows = hashlib.sha256(views.rows.tobytes()).hexdigest()
    layers = feature_layers.key(loss)
    key = f"views/3/{source.identity}/{digest}/{pack.pictures.shape}/{rows}/{kept}{layers}/{views.identity}"
    ask = functools.cache(lambda: _Answerer(context, pack, source, views, loss, read, judge))
    count = len(views.rows) * views.count
    return answer_cache.open_answers(context, key, lambda: ask().shapes(), count, ask)


def picked(outputs: TeacherOutputs, views: Views, device: str) -> Callable[[NDArray[np.int64], int], dict[str, Tensor]]:
    """A function that gives the answers to the views of a number at some positions, float32."""

    def pick(positions: NDArray[np.int64], number: int) -> dict[str, Tensor]:
        items = positions * views.count + number
        return {
            name: torch.from_numpy(array[items]).to(device).to(torch.float32) for name, array in outputs.arrays.items()
        }

    return pick


def _load(source: TeacherSource, context: Context, pack: PicturePack) -> tuple[nn.Module, nn.Module]:
    """What takes views and answers for the data's classes, and the network inside it, whose layers can be named."""
    if source.kind == "task":
        student = _student(source, context, pack)
        return _DataClasses(student, source.columns).eval(), student
    segmenter = teachers.load_maps(source, context.spec.device)
    return segmenter, segmenter.model


def _student(source: TeacherSource, context: Context, pack: PicturePack) -> nn.Module:
    model, config = export.load_student(source.folder)
    spec, channels = context.spec, pack.pictures.shape[1]
    compared = (
        (gettext_noop("type of task"), config["task_type"], spec.task_type),
        (gettext_noop("picture size"), config["image_size"], spec.student.image_size),
        (gettext_noop("number of colour channels"), config["channels"], channels),
    )
    for what, found, wanted in compared:
        if found != wanted:
            raise Refused(
                Sentence(
                    gettext_noop(
                        "The teacher {name} has the {what} {found}, the run has {wanted}. Student and teacher look at "
                        "the same views here: choose a teacher that agrees, or change the run."
                    ),
                    {"name": shown(source.name), "what": Sentence(what).as_json(), "found": found, "wanted": wanted},
                )
            )
    return quantisation.prepare(model, source.quantization, spec.device, source.name)


class _DataClasses(nn.Module):
    """A teacher that answers for the data's classes, in the data's order."""

    def __init__(self, network: nn.Module, columns: tuple[int, ...]) -> None:
        super().__init__()
        self._network, self._columns = network, list(columns)

    def forward(self, pictures: Tensor) -> Any:
        """Logits ``[batch, classes, …]`` or Detections."""
        found = self._network(pictures.to(quantisation.dtype_of(self._network)))
        if isinstance(found, Detections):
            features = tuple(level.float() for level in found.features)
            return Detections(found.classes[..., self._columns].float(), found.boxes.float(), features)
        return found[:, self._columns].float()


class _Answerer:
    """The teacher in memory, and threads that make views."""

    def __init__(
        self,
        context: Context,
        pack: PicturePack,
        source: TeacherSource,
        views: Views,
        loss: LossSpec | None,
        read: Read,
        judge: Judge,
    ) -> None:
        self._context, self._pack, self._source = context, pack, source
        self._views, self._read, self._judge = views, read, judge
        self._teacher, network = _load(source, context, pack)
        self._sample = students.normalise(torch.from_numpy(pack.pictures[[0]]).to(context.spec.device))
        layers = feature_layers.of_teacher(loss, network, lambda: self._teacher(self._sample))
        self._taps = Taps(network, layers) if layers else None

    def shapes(self) -> Mapping[str, Shape]:
        """Of what is kept of one picture."""
        answers = self._ask(self._sample)
        return {name: Shape(tuple(answer.shape[1:]), np.float16) for name, answer in answers.items()}

    def answer(self, items: range) -> dict[str, NDArray[Any]]:
        """The answers to a chunk of views."""
        made: dict[str, list[NDArray[Any]]] = {}
        step = max(1, min(self._context.spec.train.batch_size, len(items)))
        for begin in range(items.start, items.stop, step):
            self._context.stop.check()
            answers = self._ask(self._inputs(range(begin, min(begin + step, items.stop))))
            for name, answer in answers.items():
                made.setdefault(name, []).append(answer.cpu().numpy())
        blocks = {name: np.concatenate(parts) for name, parts in made.items()}
        for block in blocks.values():
            teacher_cache.require_finite(self._source.name, block)
        return blocks

    def about(self) -> dict[str, Any]:
        """Name, size, speed, and the figures on the held-out pictures."""
        count = min(self._context.spec.train.batch_size, len(self._views.rows))
        speed = throughput.measure(self._teacher, self._inputs(range(count)), self._context.stop)
        figures = {"figures": self._judge(self._teacher)}
        return teacher_cache.about(self._source, students.parameter_count(self._teacher), speed) | figures

    def _ask(self, inputs: Tensor) -> dict[str, Tensor]:
        with torch.inference_mode():
            answers = self._read(self._teacher(inputs))
        if self._taps is not None:
            answers |= {path: teacher_cache.limited(found) for path, found in self._taps.taken().items()}
        return {name: answer.to(torch.float16) for name, answer in answers.items()}

    def _inputs(self, items: range) -> Tensor:
        pictures = np.empty((len(items), *self._pack.pictures.shape[1:]), np.uint8)

        def make(place: int) -> None:
            position, number = divmod(items[place], self._views.count)
            self._views.make(position, number, pictures[place])

        with ThreadPoolExecutor(self._context.spec.threads) as pool:
            list(pool.map(make, range(len(items))))
        return students.normalise(torch.from_numpy(pictures).to(self._context.spec.device))
