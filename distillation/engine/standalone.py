"""Evaluate a saved student on a data set with nothing but its model directory, as a user checks a delivery."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import image_folder, layout, pictures
from distillation.engine import atomic, export, metrics, students

BATCH = 64


def evaluate(model_folder: Path, dataset: Path, split: str) -> dict[str, Any]:
    """Figures of the model on ``dataset/split/<class>/`` (percent). Raises Refused and OSError.

    The class folders must be classes of the model; it may know more. Unreadable pictures are counted and left out.
    """
    model, config = export.load_student(model_folder)
    known = tuple(map(str, config["classes"]))
    folders, items = image_folder.scan_split(dataset, split)
    if unknown := sorted(set(folders) - set(known)):
        raise Refused(
            Sentence(
                gettext_noop("The model does not know the classes {unknown} of {split}/; it knows {known}."),
                {"unknown": layout.named(unknown), "split": split, "known": layout.named(known)},
            )
        )
    true: list[int] = []
    predicted: list[int] = []
    unreadable = 0
    for begin in range(0, len(items), BATCH):
        batch, labels = [], []
        for item in items[begin : begin + BATCH]:
            try:
                picture = pictures.read_picture(dataset / item.path, config["image_size"], config["channels"])
            except pictures.Unreadable:
                unreadable += 1
                continue
            batch.append(torch.from_numpy(picture).permute(2, 0, 1))
            labels.append(known.index(folders[item.label]))
        if batch:
            with torch.inference_mode():
                predicted += model(students.normalise(torch.stack(batch))).argmax(dim=1).tolist()
            true += labels
    confusion = metrics.confusion_matrix(np.array(true, np.int64), np.array(predicted, np.int64), len(known))
    return {
        **metrics.figures(confusion, known),
        "arch": config["arch"],
        "parameters": students.parameter_count(model),
        "model_sha256": atomic.sha256_of(model_folder / export.WEIGHTS),
        "unreadable": unreadable,
    }
