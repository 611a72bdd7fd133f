"""A teacher before its weights are loaded; after that, one of classes (one of boxes: ``box_teacher``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown
from distillation.engine.lora import StoredAdapter

Read = Callable[[Path], Tensor]


@dataclass(frozen=True, slots=True)
class Examined:
    """What a kind of teacher says of its directory."""

    columns: tuple[int, ...]
    """For each class of the data the index of the teacher's output."""
    weights: tuple[Path, ...]
    settings: tuple[Path, ...]
    """Files beside the weights that change the answers: configuration, preprocessing, tokenizer."""
    words: tuple[str, ...] = ()
    """What a zero-shot teacher is asked for each class, in the order of the columns."""
    question: str = ""


@dataclass(frozen=True, slots=True)
class TeacherSource:
    """A teacher that exists and knows every class of the data; its weights are not loaded yet."""

    kind: str
    name: str
    folder: Path
    columns: tuple[int, ...]
    """For each class of the data the index of the teacher's output."""
    identity: str
    """SHA-256 over weights, configuration, preprocessing, columns, words and quantisation."""
    bytes: int
    """Size of the weights on disk."""
    quantization: str = "none"
    words: tuple[str, ...] = ()
    """What a zero-shot teacher is asked for each class."""
    question: str = ""
    """What a model that answers is asked."""
    adapter: StoredAdapter | None = None
    """What it learned from the run's labels; it counts in the identity."""


@dataclass(frozen=True, slots=True)
class LoadedTeacher:
    """A teacher in memory, in evaluation mode."""

    model: nn.Module
    """Maps a batch of what ``read`` gives to ``[batch, teacher's classes]``."""
    read: Read
    """Read one picture, prepared as the teacher wants it; pictures may differ in shape. Raises Refused."""
    columns: Tensor
    parameters: int
    network: nn.Module | None = None
    """What has the layers that can be compared with a student's, and takes adapters; None where there is none."""

    def scores(self, prepared: Sequence[Tensor], device: str) -> Tensor:
        """Logits for the data's classes, float32 ``[pictures, classes]`` on the device; with their graph.

        Pictures of one shape go through together.
        """
        places = list(by_shape(prepared))
        parts = []
        for indices in places:
            every: Tensor = self.model(torch.stack([prepared[index] for index in indices]).to(device))
            parts.append(every.to(torch.float32)[:, self.columns.to(every.device)])
        if len(parts) == 1:
            return parts[0]
        order = torch.tensor([index for indices in places for index in indices])
        return torch.cat(parts)[torch.argsort(order).to(device)]

    def answers(self, prepared: Sequence[Tensor], device: str) -> Tensor:
        """The scores alone, on the CPU."""
        with torch.inference_mode():
            return self.scores(prepared, device).cpu()


@dataclass(frozen=True, slots=True)
class TextTeacher:
    """A teacher of texts in memory, in evaluation mode; it is asked in words, so it has the data's classes."""

    model: nn.Module
    """Maps token numbers ``[batch, tokens]`` to ``[batch, classes]``."""
    encode: Callable[[str], Tensor]
    """The token numbers of a text, int64 ``[tokens]``; texts differ in length."""
    parameters: int
    classes: int

    def logits(self, tokens: Tensor) -> Tensor:
        """Logits, float32 ``[batch, classes]``."""
        with torch.inference_mode():
            logits: Tensor = self.model(tokens)
            return logits.to(torch.float32)

    def answers(self, encoded: Sequence[Tensor], device: str) -> Tensor:
        """Logits of texts, float32 ``[texts, classes]``; those of one length go through together."""
        return together(self.logits, encoded, self.classes, device)


def together(logits: Callable[[Tensor], Tensor], prepared: Sequence[Tensor], classes: int, device: str) -> Tensor:
    """Logits of samples, on the CPU; those of one shape go through together."""
    answers = torch.empty(len(prepared), classes)
    for indices in by_shape(prepared):
        answers[indices] = logits(torch.stack([prepared[index] for index in indices]).to(device)).cpu()
    return answers


def by_shape(prepared: Sequence[Tensor]) -> Iterable[list[int]]:
    """The places of samples of one shape, which go through a network together without padding."""
    places: dict[torch.Size, list[int]] = {}
    for place, picture in enumerate(prepared):
        places.setdefault(picture.shape, []).append(place)
    return places.values()


def of_one_shape(prepared: Sequence[Tensor]) -> Tensor:
    """The samples that have the first one's shape, as a batch: what speed is measured with."""
    return torch.stack([picture for picture in prepared if picture.shape == prepared[0].shape])


def unseen(path: Path, error: BaseException) -> Refused:
    """What is said of a picture that a teacher's own preparation does not take, such as a very narrow one."""
    return Refused(
        Sentence(
            gettext_noop("The teacher cannot look at {path} ({error}). Crop or remove the picture."),
            {"path": shown(path.name), "error": str(error)[:200]},
        )
    )
