"""Examples as files: ``artifacts/pictures/examples/<n>.jpg`` and an ``index.json`` that says what is on them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from distillation.datasets.layout import shown
from distillation.datasets.pictures import Unreadable
from distillation.engine import atomic, export, students
from distillation.engine.context import Context
from distillation.engine.examples.gallery import Gallery, chosen
from distillation.engine.workloads.workload import Workload

FOLDER = "pictures/examples"
INDEX = "index.json"
VERSION = 1
QUALITY = 88


def write(context: Context, workload: Workload) -> dict[str, Any] | None:
    """Choose, draw and write examples of the delivered student; return what the result says of them.

    None for a kind of task without pictures. The same model gives the same choice. A picture that can no longer be
    read is left out. Raises Stopped, OSError.
    """
    gallery = workload.gallery()
    if gallery is None:
        return None
    model = export.load_student(context.run_dir.model)[0].to(context.spec.device)
    rows, batch = gallery.material.rows, context.spec.train.batch_size
    places = chosen(_right(context, gallery, model, batch))
    folder = context.run_dir.artifacts / FOLDER
    entries: list[dict[str, Any]] = []
    for begin in range(0, len(places), batch):
        some = rows[places[begin : begin + batch]]
        answers = _answers(context, gallery, model, some)
        right = gallery.right(answers, some)
        for place, row in enumerate(some.tolist()):
            context.stop.check()
            try:
                example = gallery.example(answers, place, row)
            except Unreadable:
                continue
            name = f"{len(entries) + 1}.jpg"
            encoded = io.BytesIO()
            example.drawing.save(encoded, "JPEG", quality=QUALITY)
            sha256 = atomic.write_bytes(folder / name, encoded.getvalue())
            entries.append(
                {
                    "file": name,
                    "sha256": sha256,
                    "source": shown(gallery.material.files[row][1].path),
                    "truth": example.truth,
                    "prediction": example.prediction,
                    "right": bool(right[place]),
                }
            )
    atomic.write_json(
        folder / INDEX,
        {
            "version": VERSION,
            "task_type": context.spec.task_type,
            "rule": gallery.rule.as_json(),
            "examples": entries,
        },
    )
    _remove_others(context, entries)
    wrong = sum(not entry["right"] for entry in entries)
    return {"folder": f"artifacts/{FOLDER}", "count": len(entries), "wrong": wrong}


def _right(context: Context, gallery: Gallery, model: nn.Module, batch: int) -> NDArray[np.bool_]:
    rows, found = gallery.material.rows, []
    for begin in range(0, len(rows), batch):
        context.stop.check()
        some = rows[begin : begin + batch]
        found.append(gallery.right(_answers(context, gallery, model, some), some))
    return np.concatenate(found)


def _answers(context: Context, gallery: Gallery, model: nn.Module, rows: NDArray[np.int64]) -> Any:
    pixels = torch.from_numpy(gallery.material.pictures[rows]).to(context.spec.device)
    with torch.inference_mode():
        return model(students.normalise(pixels))


def _remove_others(context: Context, entries: list[dict[str, Any]]) -> None:
    """An interrupted attempt may have written more."""
    known = {INDEX, *(entry["file"] for entry in entries)}
    for path in (context.run_dir.artifacts / FOLDER).iterdir():
        if path.name not in known:
            path.unlink()
