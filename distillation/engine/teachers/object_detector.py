"""Object detectors in local Hugging Face directories: DETR, Conditional DETR, RT-DETR, YOLOS, … of transformers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from distillation.contract import teachers as catalogue
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import TeacherSpec
from distillation.contract.teachers import FAMILIES
from distillation.datasets import pictures
from distillation.datasets.layout import shown
from distillation.engine import atomic, students
from distillation.engine.detection.matching import FoundBoxes
from distillation.engine.importing import from_transformers
from distillation.engine.teachers import directory, image_classifier, quantisation
from distillation.engine.teachers.box_teacher import LEAST_SCORE, Answers, BoxTeacher, Decode, Picture, of_classes
from distillation.engine.teachers.class_columns import match_classes
from distillation.engine.teachers.source import Examined, TeacherSource, unseen


class Masked(nn.Module):
    """A network that is told which pixels were filled up, where its image processor says so."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor, mask: Tensor | None = None) -> Answers:
        """Map ``[batch, channels, height, width]``, in whatever precision the network has, to a box for every query."""
        pixels = pixels.to(quantisation.dtype_of(self.model))
        found = self.model(pixel_values=pixels) if mask is None else self.model(pixel_values=pixels, pixel_mask=mask)
        return Answers(found.logits.float(), found.pred_boxes.float())


def examine(spec: TeacherSpec, folder: Path, classes: tuple[str, ...]) -> Examined:
    """Match its classes. Raises Refused when files are absent, a class is unknown or timm is needed."""
    refuse_timm(spec, folder)
    columns = match_classes(spec.name, image_classifier.class_names(folder), classes)
    return Examined(columns, directory.weight_files(folder), directory.setting_files(folder))


def refuse_timm(spec: TeacherSpec, folder: Path) -> None:
    """Raise Refused for a network of which a part comes from timm."""
    config = atomic.read_json(folder / directory.CONFIG)
    if isinstance(config, dict) and catalogue.needs_timm(config):
        raise Refused(catalogue.timm_problem(shown(spec.name)))


def load(source: TeacherSource, device: str) -> BoxTeacher:
    """Load the detector with its own preparation of pictures and reading of answers. Raises Refused."""
    what = FAMILIES[source.kind].label
    processor = directory.load_processor(from_transformers("AutoImageProcessor"), source.folder, what)
    network: Any = directory.load_model(
        from_transformers("AutoModelForObjectDetection"), source.folder, source.quantization, what
    )
    _require_readable_answers(source, processor, network)
    parameters = students.parameter_count(network)
    model = Masked(quantisation.prepare(network, source.quantization, device, source.name)).eval()
    require_works(source, model, processor, device)
    return BoxTeacher(
        model,
        reader(processor),
        decoder(processor, of_classes(len(network.config.id2label), source.columns)),
        LEAST_SCORE[source.kind],
        parameters,
    )


def require_works(source: TeacherSource, model: nn.Module, processor: Any, device: str) -> None:
    """Ask a quantised detector about an empty picture. Raises Refused where its bits cannot be computed with."""
    ready = processor(images=Image.new("RGB", (96, 64)), return_tensors="pt")
    mask = ready.get("pixel_mask")
    inputs = [ready["pixel_values"].to(device), *([] if mask is None else [mask.to(device)])]
    quantisation.require_works(lambda: model(*inputs), source.quantization, source.name)


def reader(processor: Any) -> Any:
    """Read a picture as the image processor prepares it."""

    def read(path: Path) -> Picture:
        picture = pictures.open_picture(path, 3)
        try:
            ready = processor(images=picture, return_tensors="pt")
        except (ValueError, ZeroDivisionError) as error:
            raise unseen(path, error) from error
        mask = ready.get("pixel_mask")
        return Picture(ready["pixel_values"][0].to(torch.float32), None if mask is None else mask[0], picture.size)

    return read


def decoder(processor: Any, classes: Any) -> Decode:
    """Read answers as the image processor does; ``classes`` maps the teacher's outputs to classes of the data."""

    def decode(answers: Any, sizes: Sequence[tuple[int, int]], least: float) -> list[FoundBoxes]:
        found = processor.post_process_object_detection(
            answers, threshold=least, target_sizes=[(height, width) for width, height in sizes]
        )
        return [_ours(one, classes) for one in found]

    return decode


def _ours(found: dict[str, Tensor], classes: Any) -> FoundBoxes:
    labels = classes[found["labels"].cpu().numpy()]
    ours = labels >= 0
    boxes, scores = (found[part].float().cpu().numpy()[ours] for part in ("boxes", "scores"))
    return FoundBoxes(boxes, scores, labels[ours].astype(np.int64))


def _require_readable_answers(source: TeacherSource, processor: Any, network: Any) -> None:
    """Raise Refused where transformers has no reading of the answers, or has one for another loss."""
    focal = getattr(network.config, "use_focal_loss", True)
    if not hasattr(processor, "post_process_object_detection") or not focal:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The answers of the teacher {name} ({found}) cannot be read as boxes. Choose a detector such as "
                    "DETR, Conditional DETR, RT-DETR or YOLOS with the image processor that came with it."
                ),
                {"name": shown(source.name), "found": str(network.config.model_type)},
            )
        )
