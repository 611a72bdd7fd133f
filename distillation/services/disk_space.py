"""Whether a run will fit on the disk, asked before it begins: by the preview, by start and by the worker."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from django.conf import settings

from distillation.contract.create_request import CreateRequest
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import RunSpec
from distillation.contract.students import MAX_TOKENS, STUDENTS
from distillation.contract.task_types import DENSE, OF_PICTURES
from distillation.contract.teachers import answers_in_boxes, draws_masks
from distillation.datasets.outline import Outline, outline
from distillation.services import cache_limit
from distillation.storage.local import home

RESERVE = 64 * 2**20
"""Kept free for events, the database and others."""
STRIDES, BOX_BINS = (8, 16, 32), 64
"""Of every detector: places where it answers, and figures of a box there."""
WIDEST_NECK = {8: 320, 16: 640, 32: 640}
"""Stride → channels of the largest detector's features."""
BOX_BYTES = 100 * 6 * 4 + 4
"""What is kept of a picture where a teacher answers in boxes: a hundred of them and their number."""
MASK_BYTES = 1 + 4
"""Of a pixel where a teacher draws masks: a class and how sure it is."""

TOKENS_OF_LARGE_VIT, WIDTH_OF_LARGE_VIT = 197, 1024
"""One of its layers, about as much as anybody compares."""
WIDTH_OF_LARGE_TEXTCNN = 768


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes that a run writes at most."""

    cache: int
    """Pictures in the student's size, and the teacher's outputs."""
    checkpoints: int
    """Checkpoints and models of all arms."""


@dataclass(frozen=True, slots=True)
class _Run:
    """What decides how much a run writes."""

    task_type: str
    arch: str
    image_size: int
    views: int
    teacher: str | None
    """Its kind; None without one."""
    layers: int
    """Pairs of layers whose features are compared; 0 where answers alone are."""
    arms: int
    """Of all seeds."""


def footprint(request: CreateRequest, data: Outline, teacher_kind: str = "task") -> Footprint:
    """What the request's run will write; a teacher that is not known yet counts as a finished task."""
    return _footprint(
        data,
        _Run(
            task_type=request.values["taskType"],
            arch=request.values["studentModel"],
            image_size=request.image_size() or 0,
            views=request.views(),
            teacher=None if request.direct else teacher_kind,
            layers=_layers(request),
            arms=request.arms(),
        ),
    )


def shortage(needed: Footprint) -> Sentence | None:
    """Why the run would fill the disk, with what is needed and what is free; None when it fits.

    What may go from the cache counts as free: it goes before the run begins.
    """
    required, free = _required(needed), free_bytes()
    if free < required:
        free += cache_limit.reclaimable()
    return _shortage(required, free) if free < required else None


def _required(needed: Footprint) -> int:
    return needed.cache + needed.checkpoints + RESERVE


def _shortage(required: int, free: int) -> Sentence:
    return Sentence(
        gettext_noop(
            "The run needs about {needed} MB of disk, {free} MB are free below DISTILLATION_HOME. "
            "Free some space, then start the task again."
        ),
        {"needed": required // 10**6 + 1, "free": free // 10**6},
    )


def claim_disk(spec: RunSpec) -> None:
    """Free as much of the cache as the run needs. Raises Refused when it would fill the disk all the same."""
    required = _required(_needed(spec))
    cache_limit.make_room(lambda: required - free_bytes())
    free = free_bytes()
    if free < required:
        raise Refused(_shortage(required, free))


def _needed(spec: RunSpec) -> Footprint:
    return _footprint(
        outline(home() / spec.data.path, home() / spec.data.val_path),
        _Run(
            task_type=spec.task_type,
            arch=spec.student.arch,
            image_size=spec.student.image_size,
            views=spec.train.views,
            teacher=spec.teacher.kind if spec.teacher else None,
            layers=max(1, len(spec.loss.layers)) if spec.loss is not None and spec.loss.feature else 0,
            arms=(2 if spec.control else 1) * len(spec.train.seeds),
        ),
    )


def free_bytes() -> int:
    """What is free below the home."""
    return shutil.disk_usage(settings.DISTILLATION_HOME).free


def _footprint(data: Outline, run: _Run) -> Footprint:
    samples = data.train + data.val + data.unlabeled
    pixels = run.image_size**2
    packed = 4 if run.task_type == "segmentation" else 3
    outputs = 0
    if run.teacher and answers_in_boxes(run.teacher, run.task_type):
        outputs = samples * BOX_BYTES
    elif run.teacher and draws_masks(run.teacher):
        outputs = samples * pixels * MASK_BYTES
    elif run.teacher and run.task_type in DENSE:
        outputs = (data.train + data.unlabeled) * run.views * _bytes_of_view(run, len(data.classes))
    elif run.teacher:
        outputs = samples * run.views * (len(data.classes) * 4 + run.layers * _bytes_of_layer(run))
    weights = STUDENTS[run.arch].parameters * 4
    # Two checkpoints and one being written, each with weights and two moments; the best weights; the model.
    return Footprint(samples * pixels * packed + outputs, run.arms * weights * (3 * 3 + 2))


def _layers(request: CreateRequest) -> int:
    if request.values["distillationType"] == "logit":
        return 0
    return max(1, len(request.values["intermediateLayers"] or ()))


def _bytes_of_layer(run: _Run) -> int:
    """One sample's features as float16; which layer of which teacher is known to the engine alone, so at most."""
    if run.task_type == "text":
        return 2 * MAX_TOKENS * WIDTH_OF_LARGE_TEXTCNN
    return 2 * TOKENS_OF_LARGE_VIT * WIDTH_OF_LARGE_VIT if run.task_type in OF_PICTURES else 0


def _bytes_of_view(run: _Run, classes: int) -> int:
    """A dense teacher's answers to one view as float16: maps of classes, or classes and box bins at every anchor."""
    pixels = run.image_size**2
    if run.task_type == "segmentation":
        return 2 * pixels * max(classes, 1)
    anchors = sum(pixels // stride**2 for stride in STRIDES)
    features = sum(pixels // stride**2 * width for stride, width in WIDEST_NECK.items()) if run.layers else 0
    return 2 * (anchors * (classes + BOX_BINS) + features)
