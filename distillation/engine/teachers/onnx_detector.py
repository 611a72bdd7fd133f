"""Detectors in ONNX files: the usual export of YOLO, and files that answer with boxes, scores and labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distillation.contract import teachers as catalogue
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import TeacherSpec
from distillation.datasets import pictures
from distillation.datasets.layout import named, shown
from distillation.engine.detection.matching import FoundBoxes
from distillation.engine.teachers import onnx_card, onnx_graph
from distillation.engine.teachers.box_teacher import LEAST_SCORE, BoxTeacher, Picture, of_classes
from distillation.engine.teachers.class_columns import match_classes
from distillation.engine.teachers.onnx_card import OUTPUTS, Card
from distillation.engine.teachers.onnx_graph import Graph
from distillation.engine.teachers.onnx_pictures import Fit, noise, prepared
from distillation.engine.teachers.onnx_session import Session, not_runnable
from distillation.engine.teachers.source import Examined, TeacherSource

_NAMES_HAVE = {"boxes": ("box",), "scores": ("score", "conf"), "labels": ("label", "class")}
"""Parts of the usual names of the outputs."""
_SIDES = 4


class Seen(NamedTuple):
    """What the file says of one picture."""

    boxes: NDArray[np.float32]
    """``[n, 4]``: left, top, right, bottom in pixels of the input."""
    scores: NDArray[np.float32]
    """``[n]``: 0 … 1."""
    labels: NDArray[np.int64]
    """``[n]``: places in the file's classes."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which outputs are read, and how."""

    kind: str
    """``yolo``: one output ``[batch, 4 + classes, n]``: centre x, centre y, width and height in pixels of the input,
    and a score for each class. ``boxes``: ``[n, 4]`` corners, ``[n]`` scores and ``[n]`` labels, with a batch of one
    before them or without."""
    outputs: tuple[str, ...]


class OnnxBoxes(nn.Module):
    """A session behind the interface of a network: pictures in, what it sees in each out."""

    def __init__(self, name: str, session: Session, card: Card, layout: Layout) -> None:
        super().__init__()
        self._name, self._session, self._card, self._layout = name, session, card, layout

    def forward(self, pixels: Tensor) -> list[Seen]:
        """Map ``[n, …]`` in the file's layout to n answers. Raises Refused for answers of another form."""
        at_once = None if self._layout.kind == "yolo" else 1
        seen: list[Seen] = []
        for answers in self._session.run(pixels, self._layout.outputs, at_once):
            seen += self._read(answers)
        return seen[: len(pixels)]

    def _read(self, answers: Sequence[NDArray[Any]]) -> list[Seen]:
        read = _yolo if self._layout.kind == "yolo" else _boxes
        try:
            seen = read(answers, len(self._card.classes))
        except ValueError as error:
            shapes = ", ".join(str(list(answer.shape)) for answer in answers)
            raise self._wrong(gettext_noop("outputs of the shapes {shapes}"), shapes=shapes) from error
        return [self._checked(one) for one in seen]

    def _checked(self, one: Seen) -> Seen:
        scores = one.scores
        if self._card.output == "logits":
            scores = torch.from_numpy(scores).sigmoid().numpy()
        elif len(scores) and not (scores.min() >= 0 and scores.max() <= 1):
            raise self._wrong(
                gettext_noop('scores from {low} to {high} (if they are logits, state "output": "logits")'),
                low=round(float(scores.min()), 3),
                high=round(float(scores.max()), 3),
            )
        classes = len(self._card.classes)
        if len(one.labels) and not (one.labels.min() >= 0 and one.labels.max() < classes):
            raise self._wrong(gettext_noop("labels up to {highest}"), highest=int(one.labels.max()))
        return one._replace(scores=scores)

    def _wrong(self, found: str, **params: Any) -> Refused:
        return Refused(
            Sentence(
                gettext_noop(
                    "The ONNX teacher {name} does not answer as a detector with {classes} classes in the layout "
                    "{layout}; found: {found}. State classes and detection_layout (yolo or boxes) in model.json."
                ),
                {
                    "name": shown(self._name),
                    "classes": len(self._card.classes),
                    "layout": self._layout.kind,
                    "found": Sentence(found, params).as_json(),
                },
            )
        )


def examine(spec: TeacherSpec, folder: Path, classes: tuple[str, ...]) -> Examined:
    """Match its classes. Raises Refused for what is no detector, or where something is not stated."""
    graph, card = _read(folder)
    if problem := catalogue.pair_problem(shown(spec.name), spec.kind, (card.task_type,), "detection"):
        raise Refused(problem)
    _layout(spec.name, graph, card)
    settings = tuple(path for path in (folder / onnx_card.CARD,) if path.is_file())
    return Examined(match_classes(spec.name, card.classes, classes), graph.files, settings)


def load(source: TeacherSource, device: str) -> BoxTeacher:
    """Open a session on the CPU. Raises Refused when onnxruntime cannot run the file, or for its answers to noise."""
    graph, card = _read(source.folder)
    layout = _layout(source.name, graph, card)
    try:
        network = OnnxBoxes(source.name, Session(source.folder, graph), card, layout)
        network(noise(card, 1))
    except Refused:
        raise
    except Exception as error:  # onnxruntime raises kinds of its own
        raise not_runnable(source.folder, error) from error
    classes = of_classes(len(card.classes), source.columns)

    def read(path: Path) -> Picture:
        picture = pictures.open_picture(path, card.channels)
        return Picture(prepared(picture, card), None, picture.size)

    def decode(answers: list[Seen], sizes: Sequence[tuple[int, int]], least: float) -> list[FoundBoxes]:
        return [_ours(one, Fit(*size, card), classes, least) for one, size in zip(answers, sizes, strict=True)]

    return BoxTeacher(network.eval(), read, decode, LEAST_SCORE[source.kind], graph.parameters)


def _ours(one: Seen, place: Fit, classes: NDArray[np.int64], least: float) -> FoundBoxes:
    labels = classes[one.labels]
    chosen = (labels >= 0) & (one.scores > least)
    return FoundBoxes(place.out_of(one.boxes[chosen]), one.scores[chosen], labels[chosen])


def _read(folder: Path) -> tuple[Graph, Card]:
    graph = onnx_graph.read_graph(folder)
    stated = onnx_card.read_statements(folder, graph.metadata)
    return graph, onnx_card.understand(folder, stated, graph.shape, None)


def _layout(name: str, graph: Graph, card: Card) -> Layout:
    """As stated; else as the graph's outputs look. Raises Refused where neither tells."""
    three = _three(graph, card)
    rows = _SIDES + len(card.classes)
    one = [output.name for output in graph.outputs if _fits(output.shape, (None, rows, None))]
    if len(graph.outputs) == len(one) == 1 and card.detection_layout in (None, "yolo"):
        return Layout("yolo", (one[0],))
    if three is not None and card.detection_layout in (None, "boxes"):
        return Layout("boxes", three)
    outputs = [f"{output.name} {list(output.shape)}".replace("None", "?") for output in graph.outputs]
    raise Refused(
        Sentence(
            gettext_noop(
                "It is unclear what the outputs of the ONNX teacher {name} mean: {outputs}. Expected for its {classes} "
                "classes: one output [batch, {rows}, boxes] as YOLO is exported (detection_layout yolo), or boxes, "
                "scores and labels (detection_layout boxes, with boxes_name, scores_name and labels_name where their "
                "names do not tell). State it in model.json."
            ),
            {
                "name": shown(name),
                "outputs": named(outputs),
                "classes": len(card.classes),
                "rows": rows,
            },
        )
    )


def _fits(shape: Sequence[int | None], wanted: Sequence[int | None]) -> bool:
    """Whether dimensions agree as far as both are known."""
    return len(shape) == len(wanted) and all(
        None in (one, other) or one == other for one, other in zip(shape, wanted, strict=True)
    )


def _three(graph: Graph, card: Card) -> tuple[str, ...] | None:
    """The outputs with boxes, scores and labels, by their stated or usual names; None where one is not told."""
    found = []
    for part in OUTPUTS:
        stated = getattr(card, part)
        names = [
            output.name
            for output in graph.outputs
            if (output.name == stated if stated else any(has in output.name.lower() for has in _NAMES_HAVE[part]))
        ]
        if len(names) != 1:
            return None
        found.append(names[0])
    return tuple(found) if len(set(found)) == len(OUTPUTS) else None


def _yolo(answers: Sequence[NDArray[Any]], classes: int) -> list[Seen]:
    """Each box of its surest class. Raises ValueError for another shape."""
    (every,) = answers
    if every.ndim != 3 or every.shape[1] != _SIDES + classes:
        raise ValueError
    seen = []
    for one in every.astype(np.float32):
        centre, half = one[:2].T, one[2:_SIDES].T / 2
        scores = one[_SIDES:]
        seen.append(Seen(np.concatenate([centre - half, centre + half], axis=1), scores.max(0), scores.argmax(0)))
    return seen


def _boxes(answers: Sequence[NDArray[Any]], _classes: int) -> list[Seen]:
    """One picture's. Raises ValueError for other shapes."""
    with_batch = zip(answers, (3, 2, 2), strict=True)
    boxes, scores, labels = (answer[0] if answer.ndim == rank else answer for answer, rank in with_batch)
    if boxes.shape != (len(scores), _SIDES) or scores.shape != labels.shape or scores.ndim != 1:
        raise ValueError
    return [Seen(boxes.astype(np.float32), scores.astype(np.float32), labels.astype(np.int64))]
