"""Two processes that meet: what each of them does is in :func:`scenes`. The second one is ``python -m`` this module."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from distillation.contract.batches import share
from distillation.contract.sentence import Refused
from distillation.contract.spec import LossSpec
from distillation.datasets.samples import IGNORED
from distillation.engine import losses, objective, segmentation, students
from distillation.engine.augmentation.labelled import NO_BOXES, NO_LABELS, Labelled
from distillation.engine.batches import Batch
from distillation.engine.detection import objective as detection
from distillation.engine.detection.objective import DetectionObjective
from distillation.engine.objective import Classification, Objective, Terms
from distillation.engine.parallel import meeting
from distillation.engine.parallel.team import ALONE, Team, Together
from distillation.engine.segmentation import SegmentationObjective
from distillation.engine.stopping import Stopped, StopRequest
from distillation.engine.tally import Sums

SIZE, COUNT = 64, 7
LOSS = LossSpec(2.0, 0.7, 0.3)
Make = Callable[[int, int], Batch]


class Scene:
    """A student in evaluation mode, whose batch normalisation sees no batch, and samples of a kind of task."""

    def __init__(self, arch: str, goal: Objective, make: Make) -> None:
        torch.manual_seed(3)
        self.model = students.build(arch, classes=3, channels=1, image_size=SIZE).eval()
        self.goal, self.make = goal, make

    def gradients(self, team: Team, batches: list[Batch]) -> tuple[list[Tensor], list[Sums | None]]:
        """Of one optimizer step."""
        self.model.zero_grad()
        judge = team.judge(nn.ModuleDict({"student": self.model}), self.goal, self.model, 0)
        sums = []
        for batch in batches:
            with team.batch(last=batch is batches[-1]):
                terms = judge(batch)
                weighed = team.weigh(terms, batch, StopRequest())
                objective.backward(terms, self.goal.weights, 1.0 / len(batches), weighed.parts)
            sums.append(weighed.sums)
        return [parameter.grad.clone() for parameter in self.model.parameters() if parameter.grad is not None], sums


def scenes() -> dict[str, Scene]:
    """One of each kind of task; few samples are labelled, and most of these are the first process's."""
    return {
        "classification": Scene("cnn-tiny", Classification(LOSS), _classified),
        "segmentation": Scene("unet-small", SegmentationObjective(LOSS, None), _segmented),
        "detection": Scene("yolov8n", DetectionObjective(LOSS, None), _detected),
    }


def together(rank: int, store: Any) -> dict[str, Any]:
    """Meet the other process, and do everything with it; what came of it here."""
    meeting.meet(store, rank, 2, "cpu")
    team = Together(rank, 2, "cpu")
    found: dict[str, Any] = {}
    try:
        for name, scene in scenes().items():
            shares = [scene.make(*share(border, rank, 2)) for border in ((0, COUNT), (COUNT, 2 * COUNT))]
            found[name] = scene.gradients(team, shares)
        found["refused"] = _refused(team, rank)
        found["stopped"] = _stopped(team, rank)
        found["meeting"] = _different_steps(team, rank)
    finally:
        meeting.part()
    return found


def alone(scene: Scene) -> list[Tensor]:
    """What one process makes of the same samples."""
    return scene.gradients(ALONE, [scene.make(0, COUNT), scene.make(COUNT, 2 * COUNT)])[0]


def _refused(team: Together, rank: int) -> str:
    """Only the second one's term is 0."""
    model = nn.Linear(2, 2)
    answer = model(torch.ones(1, 2)).square().sum() * (0.0 if rank else 1.0)
    try:
        team.require_teaching(Terms(answer, answer), model)
    except Refused as refused:
        return str(refused)
    return "nothing"


def _stopped(team: Together, rank: int) -> list[bool]:
    """Whether it stops after each of two batches: only the first one is asked, in the second batch."""
    stop, stopped = StopRequest(), []
    batch = _classified(0, 2)
    for asked in (False, True):
        stop.requested = asked and rank == 0
        team.weigh(Terms(torch.ones(()), None), batch, stop)
        try:
            team.check(stop)
        except Stopped:
            stopped.append(True)
        else:
            stopped.append(False)
    return stopped


def _different_steps(team: Together, rank: int) -> str:
    try:
        team.judge(nn.ModuleDict({"student": nn.Linear(1, 1)}), Classification(None), nn.Linear(1, 1), 5 + rank)
    except RuntimeError as error:
        return str(error)
    return "nothing"


def _pictures(begin: int, end: int) -> Tensor:
    drawn = np.random.default_rng(1).random((2 * COUNT, 1, SIZE, SIZE), np.float32)
    return torch.from_numpy(drawn[begin:end])


def _answers(shape: tuple[int, ...], begin: int, end: int) -> Tensor:
    return torch.randn((2 * COUNT, *shape), generator=torch.Generator().manual_seed(5))[begin:end]


def _classified(begin: int, end: int) -> Batch:
    labels = torch.full((2 * COUNT,), losses.IGNORED)
    labels[:3], labels[9] = torch.tensor([0, 1, 2]), 1
    teacher = {"logits": _answers((3,), begin, end).softmax(dim=1)}
    return Batch(_pictures(begin, end), labels[begin:end], teacher, int((labels[begin:end] >= 0).sum()))


def _segmented(begin: int, end: int) -> Batch:
    pictures = _pictures(begin, end)
    views = [Labelled(picture.numpy(), class_map=_class_map(begin + place)) for place, picture in enumerate(pictures)]
    maps, labelled = segmentation.collate(views)
    return Batch(pictures, maps, {segmentation.MAPS: _answers((3, SIZE, SIZE), begin, end)}, labelled)


def _class_map(number: int) -> np.ndarray | None:
    if number >= 4 and number != 8:
        return None
    drawn = np.random.default_rng(number).integers(0, 3, (SIZE, SIZE)).astype(np.uint8)
    drawn[: 3 * number] = IGNORED
    return drawn


def _detected(begin: int, end: int) -> Batch:
    pictures, views = _pictures(begin, end), []
    for number, picture in enumerate(pictures.numpy(), start=begin):
        boxes, labels = NO_BOXES, NO_LABELS
        if number in (0, 1, 8):
            boxes = np.array([[2, 2, 20, 20], [8, 8, 30, 30]][: 1 + number % 2], np.float32)
            labels = np.arange(len(boxes))
        views.append(Labelled(picture) if number in (5, 6) else Labelled(picture, boxes, labels))
    marked, labelled = detection.collate(views)
    anchors = sum((SIZE // stride) ** 2 for stride in (8, 16, 32))
    teacher = {"classes": _answers((anchors, 3), begin, end), "boxes": _answers((anchors, 64), begin, end)}
    return Batch(pictures, marked, teacher, labelled)


if __name__ == "__main__":
    torch.set_num_threads(1)
    together(1, meeting.reach_store(int(sys.argv[1]), 2))
    os._exit(0)  # as the real one
