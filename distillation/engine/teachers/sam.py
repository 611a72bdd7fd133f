"""SAM (Kirillov et al. 2023, arXiv:2304.02643) in local Hugging Face directories: it draws a mask into each box.

The class is the box's own. One mask a box (``multimask_output=False``), as the authors advise for boxes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from distillation.contract.spec import TeacherSpec
from distillation.contract.teachers import FAMILIES
from distillation.datasets import pictures
from distillation.engine import students
from distillation.engine.importing import from_transformers
from distillation.engine.teachers import directory, quantisation
from distillation.engine.teachers.source import Examined, TeacherSource, unseen

BOXES_AT_ONCE = 16
"""Masks in memory at the picture's size: of a megapixel each 64 MB."""
SUREST = 30.0
"""Logits are cut here: as good as certain, and finite at every temperature."""


class Prompt(NamedTuple):
    """One picture and its boxes as the teacher wants them."""

    pixels: Tensor
    """float32 ``[channels, height, width]``."""
    boxes: Tensor
    """float32 ``[n, 4]`` in pixels of the prepared picture."""
    sizes: tuple[tuple[int, int], tuple[int, int]]
    """Height and width of the picture on disk, upright, and of the scaled one within the prepared one."""


class Drawn(NamedTuple):
    """What is drawn into one picture, at its own size."""

    classes: NDArray[np.uint8]
    """``[height, width]``: of each pixel the class that it has, or would most likely have; 0 where there is no box."""
    logits: NDArray[np.float32]
    """``[height, width]``: how sure that is; the pixel is background with the rest of the probability."""
    areas: NDArray[np.int64]
    """``[n]``: pixels of each box's mask."""


class Prompted(nn.Module):
    """The network, asked about one picture at a time."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor, boxes: Tensor | None = None) -> Tensor:
        """Map ``[1, channels, height, width]`` and ``[1, n, 4]`` to mask logits ``[n, 1, rows, columns]``.

        Without boxes, as when its speed is measured, the whole of each picture is one.
        """
        pixels = pixels.to(quantisation.dtype_of(self.model))
        if boxes is None:
            boxes = pixels.new_tensor([0.0, 0.0, pixels.shape[3], pixels.shape[2]]).expand(len(pixels), 1, 4)
        seen = self.model.get_image_embeddings(pixels)
        masks = [
            self.model(image_embeddings=seen, input_boxes=some.to(pixels.dtype), multimask_output=False).pred_masks[0]
            for some in boxes.split(BOXES_AT_ONCE, dim=1)
        ]
        return torch.cat(masks).float()


@dataclass(frozen=True, slots=True)
class MaskTeacher:
    """A network in evaluation mode with what goes before and after it."""

    model: Prompted
    read: Callable[[Path, NDArray[np.float32]], Prompt]
    """A picture with boxes ``[n, 4]`` in its pixels. Raises Refused, Unreadable."""
    enlarge: Callable[[Tensor, Prompt], Tensor]
    """From mask logits ``[n, 1, rows, columns]`` to ``[n, height, width]`` of the picture."""
    parameters: int

    def draw(self, prompt: Prompt, labels: NDArray[np.int64], device: str) -> Drawn:
        """Draw masks of these classes; where they overlap the smallest one is in front, as among outlines."""
        height, width = prompt.sizes[0]
        classes, logits = np.zeros((height, width), np.uint8), np.full((height, width), -SUREST, np.float32)
        smallest, areas = np.full((height, width), np.inf, np.float32), np.zeros(len(labels), np.int64)
        if not len(labels):
            return Drawn(classes, logits, areas)
        with torch.inference_mode():
            masks = self.model(prompt.pixels[None].to(device), prompt.boxes[None].to(device)).cpu()
        for begin in range(0, len(labels), BOXES_AT_ONCE):
            some = self.enlarge(masks[begin : begin + BOXES_AT_ONCE], prompt).numpy()
            for number, mask in enumerate(some, start=begin):
                inside = mask > 0
                areas[number] = np.count_nonzero(inside)
                in_front = np.where(inside, areas[number] < smallest, np.isinf(smallest) & ~(mask <= logits))
                classes[in_front], logits[in_front] = labels[number], mask[in_front]
                smallest[in_front & inside] = areas[number]
        return Drawn(classes, np.clip(logits, -SUREST, SUREST), areas)


def examine(_spec: TeacherSpec, folder: Path, classes: tuple[str, ...]) -> Examined:
    """It knows every class that a box has. Raises Refused when files are absent."""
    return Examined(tuple(range(len(classes))), directory.weight_files(folder), directory.setting_files(folder))


def load(source: TeacherSource, device: str) -> MaskTeacher:
    """Load the network with its own preparation of pictures and boxes. Raises Refused."""
    what = FAMILIES[source.kind].label
    processor = directory.load_processor(from_transformers("SamProcessor"), source.folder, what)
    network: Any = directory.load_model(from_transformers("SamModel"), source.folder, source.quantization, what)
    parameters = students.parameter_count(network)
    model = Prompted(quantisation.prepare(network, source.quantization, device, source.name)).eval()
    empty = processor(Image.new("RGB", (96, 64)), return_tensors="pt")["pixel_values"].to(device)
    quantisation.require_works(lambda: model(empty), source.quantization, source.name)

    def read(path: Path, boxes: NDArray[np.float32]) -> Prompt:
        picture = pictures.open_picture(path, 3)
        try:
            ready = processor(picture, input_boxes=[boxes.tolist()] if len(boxes) else None, return_tensors="pt")
        except (ValueError, ZeroDivisionError) as error:
            raise unseen(path, error) from error
        prompts = ready["input_boxes"][0] if len(boxes) else torch.zeros(0, 4)
        sizes = _pair(ready["original_sizes"][0]), _pair(ready["reshaped_input_sizes"][0])
        return Prompt(ready["pixel_values"][0].float(), prompts.float(), sizes)

    def enlarge(masks: Tensor, prompt: Prompt) -> Tensor:
        own, scaled = prompt.sizes
        (found,) = processor.image_processor.post_process_masks([masks], [own], [scaled], binarize=False)
        every: Tensor = found[:, 0]
        return every

    return MaskTeacher(model, read, enlarge, parameters)


def _pair(size: Sequence[Any]) -> tuple[int, int]:
    height, width = size
    return int(height), int(width)
