"""Which layers' features are compared: those that the spec names, else the last ones of both networks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import LossSpec
from distillation.engine.feature_pairs import FeaturePairs
from distillation.engine.projectors import Pair
from distillation.engine.taps import Taps, feature_of


def key(loss: LossSpec | None) -> str:
    """What tells kept features of these layers from others; part of the cache's key."""
    return f"/{[theirs for _, theirs in loss.layers]}" if loss is not None and loss.feature else ""


def of_teacher(loss: LossSpec | None, network: nn.Module, run: Callable[[], Any]) -> tuple[str, ...]:
    """The layers of the teacher whose features are kept; ``run`` asks it about one sample."""
    if loss is None or not loss.feature:
        return ()
    usual = getattr(network, "usual_layer", None)
    return tuple(dict.fromkeys(theirs for _, theirs in loss.layers)) or (usual or last_features(network, run),)


def paired(
    loss: LossSpec, student: nn.Module, sample: Tensor, teacher: dict[str, tuple[int, ...]], seed: int
) -> FeaturePairs:
    """Taps on the student and the projectors to the kept features; ``teacher`` has their shapes, without the batch.

    The student is asked about ``sample`` in evaluation mode, so that its running means stay. Raises Refused.
    """
    was_training = student.training
    student.eval()
    try:
        with torch.inference_mode():
            layers = loss.layers or (
                (last_features(student, lambda: student(sample)), next(iter(teacher))),
            )  # fmt: skip
            taps = Taps(student, tuple(dict.fromkeys(ours for ours, _ in layers)))
            student(sample)
            shapes = {path: tuple(found.shape) for path, found in taps.taken().items()}
    finally:
        student.train(was_training)
    pairs = [Pair(ours, theirs, shapes[ours], (1, *teacher[theirs])) for ours, theirs in layers]
    return FeaturePairs(pairs, loss, seed, taps)


def last_features(network: nn.Module, run: Callable[[], Any]) -> str:
    """The path of the last layer of a forward pass whose answer still has places: a map, tokens, steps.

    Raises Refused for a network without one.
    """
    finished: list[tuple[str, Tensor]] = []
    with ExitStack() as hooks:
        for path, module in network.named_modules():
            if path:
                hooks.callback(module.register_forward_hook(_noting(path, finished)).remove)
        with torch.inference_mode():
            run()
    times = Counter(path for path, _ in finished)
    for path, value in reversed(finished):
        if times[path] == 1 and _places(value) > 1:
            return path
    raise Refused(
        Sentence(
            gettext_noop(
                "The network has no layer with features that could be compared. Choose distillationType logit."
            )
        )
    )


def _noting(path: str, finished: list[tuple[str, Tensor]]) -> Callable[..., None]:
    def note(_module: nn.Module, _inputs: Any, output: Any) -> None:
        value = feature_of(output)
        if value is not None:
            finished.append((path, value))

    return note


def _places(value: Tensor) -> int:
    """Of a map ``[B, C, H, W]`` or tokens ``[B, N, C]``; 1 of a vector."""
    shape: Sequence[int] = value.shape
    return shape[2] * shape[3] if len(shape) == 4 else shape[1] if len(shape) == 3 else 1
