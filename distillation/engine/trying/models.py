"""Students and teachers of every kind as one question: an input in, its answer out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from distillation.contract import teachers as catalogue
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.trial import LEAST_SCORE, MOST_OBJECTS, TrialSpec
from distillation.datasets import pictures
from distillation.datasets.class_names import is_background
from distillation.datasets.layout import shown
from distillation.engine import export, students, teachers, text_tokens
from distillation.engine.detection import letterbox
from distillation.engine.detection.letterbox import Letterbox
from distillation.engine.labelling import components, predictors
from distillation.engine.labelling.predictors import Classifier
from distillation.engine.stopping import StopRequest
from distillation.engine.teachers import TeacherSource
from distillation.engine.trying.answers import Found, Input, bars

_DEVICE = "cpu"
_NEVER = 1.0
"""A score that no answer is above."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model in memory."""

    ask: Callable[[Input], dict[str, Any]]
    """Raises Refused, also Unreadable, for an input that it cannot look at."""
    parameters: int | None


def student(folder: Path) -> Model:
    """The student of a finished task. Raises Refused."""
    config = export.read_config(folder)
    classes = tuple(map(str, config["classes"]))
    return _finished(folder, classes, range(len(classes)))


def teacher(home: Path, spec: TrialSpec) -> Model:
    """The teacher, answering for the student's classes. Raises Refused, also for one that is asked differently."""
    assert spec.teacher is not None  # noqa: S101 - asked by the caller
    config = export.read_config(home / spec.model_path)
    classes = tuple(map(str, config["classes"]))
    if catalogue.draws_masks(spec.teacher.kind):
        raise Refused(
            Sentence(
                gettext_noop("The teacher {name} draws masks into boxes that somebody marks; by itself it finds none."),
                {"name": shown(spec.teacher.name)},
            )
        )
    source = teachers.find(spec.teacher, home, classes, spec.task_type)
    if source.kind == "task" and (spec.task_type != "classification"):
        return _finished(source.folder, classes, source.columns)
    load = {"classification": _classifying, "detection": _finding, "text": _reading}.get(spec.task_type)
    if load is not None:
        return load(source, classes)
    return _segmenting(source, classes, int(config["image_size"]), int(config["channels"]))


def _finished(folder: Path, classes: Sequence[str], columns: Sequence[int]) -> Model:
    """A student of this platform; ``columns``: for each class that is asked for the place among its own."""
    config = export.read_config(folder)
    parameters = config.get("parameters")
    if config.get("task_type") == "text":
        return Model(_text_student(folder, classes, columns), parameters)
    predictor = predictors.load(folder, _DEVICE)
    if isinstance(predictor, Classifier):
        return Model(_picture_student(predictor, classes), parameters)
    by_number = dict(zip(columns, classes, strict=True))
    least = LEAST_SCORE if predictor.task_type == "detection" else 0.0
    floor = [least if number in by_number else _NEVER for number in range(len(predictor.classes))]

    def ask(one: Input) -> dict[str, Any]:
        found = predictor.predict([predictor.read(one.path)], floor)[0]
        return _objects(
            Found(by_number[label.number], label.score, label.box or (), label.outline)
            for label in found
            if label.number in by_number
        )

    return Model(ask, parameters)


def _picture_student(predictor: Classifier, classes: Sequence[str]) -> Callable[[Input], dict[str, Any]]:
    return lambda one: bars(classes, predictor.probabilities([predictor.read(one.path)])[0].tolist())


def _text_student(folder: Path, classes: Sequence[str], columns: Sequence[int]) -> Callable[[Input], dict[str, Any]]:
    network, _config = export.load_student(folder)
    tokenizer = text_tokens.load(folder)

    def ask(one: Input) -> dict[str, Any]:
        tokens, _cut = text_tokens.encode(tokenizer, [one.text], StopRequest())
        with torch.inference_mode():
            logits = network(torch.from_numpy(tokens))[0].float()
        return bars(classes, logits[list(columns)].softmax(dim=0).tolist())

    return ask


def _classifying(source: TeacherSource, classes: Sequence[str]) -> Model:
    loaded = teachers.load(source, _DEVICE)

    def ask(one: Input) -> dict[str, Any]:
        return bars(classes, loaded.answers([loaded.read(one.path)], _DEVICE)[0].softmax(dim=0).tolist())

    return Model(ask, loaded.parameters)


def _finding(source: TeacherSource, classes: Sequence[str]) -> Model:
    """A teacher of boxes, asked for less sure ones than training keeps."""
    loaded = replace(teachers.load_boxes(source, _DEVICE), least=LEAST_SCORE)

    def ask(one: Input) -> dict[str, Any]:
        found = loaded.find([loaded.read(one.path)], _DEVICE)[0]
        rows = zip(found.labels.tolist(), found.scores.tolist(), found.boxes.tolist(), strict=True)
        return _objects(Found(classes[number], score, box) for number, score, box in rows)

    return Model(ask, loaded.parameters)


def _reading(source: TeacherSource, classes: Sequence[str]) -> Model:
    loaded = teachers.load_texts(source, _DEVICE)

    def ask(one: Input) -> dict[str, Any]:
        return bars(classes, loaded.answers([loaded.encode(one.text)], _DEVICE)[0].softmax(dim=0).tolist())

    return Model(ask, loaded.parameters)


def _segmenting(source: TeacherSource, classes: Sequence[str], size: int, channels: int) -> Model:
    """A segmenter sees what the student sees: the picture in a square of the student's size."""
    loaded = teachers.load_maps(source, _DEVICE)
    marked = [number for number, name in enumerate(classes) if not is_background(name)]
    floor = [0.0] * len(classes)

    def ask(one: Input) -> dict[str, Any]:
        picture = pictures.open_picture(one.path, channels)
        square = torch.from_numpy(letterbox.fitted(pictures.as_array(picture), size)).permute(2, 0, 1)[None]
        with torch.inference_mode():
            chances = loaded(students.normalise(square.contiguous())).float().softmax(dim=1)[0].numpy()
        labels = components.labels(chances, Letterbox(*picture.size, size), marked, floor)
        return _objects(Found(classes[one.number], one.score, one.box or (), one.outline) for one in labels)

    return Model(ask, students.parameter_count(loaded.model))


def _objects(found: Any) -> dict[str, Any]:
    """The surest ones, the surest first."""
    ranked = sorted(found, key=lambda one: -one.score)[:MOST_OBJECTS]
    return {"objects": [one.as_json() for one in ranked]}
