"""Look a teacher up, identify it, and load it, whatever kind it is of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

from distillation.contract import teachers as catalogue
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import TeacherSpec
from distillation.contract.task_types import USUAL_TYPE
from distillation.datasets import pictures
from distillation.datasets.layout import shown
from distillation.engine import atomic, lora
from distillation.engine.teachers import (
    causal_language,
    contrastive,
    finished_task,
    image_classifier,
    object_detector,
    onnx_classifier,
    onnx_detector,
    open_vocabulary,
    sam,
    segmenter,
    vision_language,
)
from distillation.engine.teachers.box_teacher import BoxTeacher
from distillation.engine.teachers.sam import MaskTeacher
from distillation.engine.teachers.segmenter import ViewSegmenter
from distillation.engine.teachers.source import Examined, LoadedTeacher, TeacherSource, TextTeacher

Examine = Callable[[TeacherSpec, Path, tuple[str, ...]], Examined]

_EXAMINE: dict[str, dict[str, Examine]] = {
    "classification": {
        "task": finished_task.examine,
        "huggingface": image_classifier.examine,
        "clip": contrastive.examine,
        "siglip": contrastive.examine,
        "qwen2_5_vl": vision_language.examine,
        "onnx": onnx_classifier.examine,
    },
    "detection": {
        "task": finished_task.examine,
        "detector": object_detector.examine,
        "open_vocabulary": open_vocabulary.examine,
        "onnx": onnx_detector.examine,
    },
    "segmentation": {"task": finished_task.examine, "segmenter": segmenter.examine, "sam": sam.examine},
    "sequence": {"task": finished_task.examine},
    "text": {
        "task": finished_task.examine,
        "causal_lm": causal_language.examine,
        "gguf": causal_language.examine_gguf,
    },
}
"""How a directory is read, by type of task and kind of teacher."""
_LOAD: dict[str, Callable[[TeacherSource, str], LoadedTeacher]] = {
    "task": finished_task.load,
    "huggingface": image_classifier.load,
    "clip": contrastive.load,
    "siglip": contrastive.load,
    "qwen2_5_vl": vision_language.load,
    "onnx": onnx_classifier.load,
}
_LOAD_BOXES: dict[str, Callable[[TeacherSource, str], BoxTeacher]] = {
    "detector": object_detector.load,
    "open_vocabulary": open_vocabulary.load,
    "onnx": onnx_detector.load,
}
_LOAD_MAPS: dict[str, Callable[[TeacherSource, str], ViewSegmenter]] = {"segmenter": segmenter.load}
_LOAD_TEXTS: dict[str, Callable[[TeacherSource, str], TextTeacher]] = {
    "causal_lm": causal_language.load,
    "gguf": causal_language.load,
}


def find(spec: TeacherSpec, home: Path, classes: tuple[str, ...], task_type: str = USUAL_TYPE) -> TeacherSource:
    """Look the teacher of a task's classes up.

    Raises Refused when it is absent, unusable, of a kind for other tasks, or does not know a class of the data.
    """
    folder = home / spec.path
    if not folder.is_dir():
        raise Refused(
            Sentence(
                gettext_noop("The teacher {name} has no model directory {path}. Choose another one or put it there."),
                {"name": shown(spec.name), "path": shown(spec.path)},
            )
        )
    kinds = _EXAMINE.get(task_type, {})
    if spec.kind not in kinds:
        problem = catalogue.pair_problem(shown(spec.name), spec.kind, catalogue.teaches(spec.kind), task_type)
        raise Refused(problem or _unknown(spec, kinds))
    if problem := catalogue.bits_problem(shown(spec.name), spec.kind, task_type, spec.quantization):
        raise Refused(problem)
    examined = kinds[spec.kind](spec, folder, classes)
    return TeacherSource(
        kind=spec.kind,
        name=spec.name,
        folder=folder,
        columns=examined.columns,
        identity=_identity(spec, examined),
        bytes=sum(file.stat().st_size for file in examined.weights),
        quantization=spec.quantization,
        words=examined.words,
        question=examined.question,
    )


def load(source: TeacherSource, device: str) -> LoadedTeacher:
    """Load a teacher of classes onto ``device``. Raises Refused when it cannot be loaded completely."""
    loaded = _LOAD[source.kind](source, device)
    if source.adapter is not None and loaded.network is not None:
        lora.restore(loaded.network, source.adapter, source.name)
    return loaded


def load_boxes(source: TeacherSource, device: str) -> BoxTeacher:
    """Load a teacher of boxes. Raises Refused when it cannot be loaded completely."""
    return _LOAD_BOXES[source.kind](source, device)


def load_maps(source: TeacherSource, device: str) -> ViewSegmenter:
    """Load a teacher that maps a student's inputs to logits of the data's classes for every pixel. Raises Refused."""
    if source.kind not in _LOAD_MAPS:
        raise Refused(Sentence(catalogue.SEES_NO_VIEWS, {"teacher": source.name}))
    return _LOAD_MAPS[source.kind](source, device)


def load_masks(source: TeacherSource, device: str) -> MaskTeacher:
    """Load a teacher that draws masks into boxes. Raises Refused when it cannot be loaded completely."""
    return sam.load(source, device)


def load_texts(source: TeacherSource, device: str) -> TextTeacher:
    """Load a language model that is asked about texts. Raises Refused when it cannot be loaded completely."""
    return _LOAD_TEXTS[source.kind](source, device)


def _identity(spec: TeacherSpec, examined: Examined) -> str:
    """SHA-256 over everything that changes an answer; the words count as resolved, whichever table they are from."""
    parts = [
        spec.kind,
        {file.name: atomic.sha256_of(file) for file in (*examined.weights, *examined.settings)},
        examined.columns,
        examined.words,
        examined.question,
        spec.quantization,
        pictures.READER_VERSION,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _unknown(spec: TeacherSpec, kinds: Iterable[str]) -> Sentence:
    return Sentence(
        gettext_noop("The teacher {name} is of the kind {kind}, which this program cannot load. Known: {known}."),
        {"name": shown(spec.name), "kind": spec.kind, "known": ", ".join(kinds)},
    )
