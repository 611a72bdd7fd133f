"""Label one picture: ``python label_picture.py PICTURE [MODEL.onnx]``.

Needs onnxruntime, pillow and numpy alone; all else is read from the model's metadata. Writes JSON; of a segmentation
also a mask ``PICTURE.mask.png`` with the number of each pixel's class. Pictures of 8 bits a channel.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from PIL import Image, ImageOps

CONFIDENCE, OVERLAP, MOST = 0.25, 0.7, 300
"""Boxes below this score are left out, and those that overlap a surer one of their class by more than this IoU."""


def main(path: str, model: str) -> Any:
    """The labels of the picture."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    about = session.get_modelmeta().custom_metadata_map
    classes, size, channels = (json.loads(about[name]) for name in ("classes", "size", "channels"))
    picture: Image.Image = Image.open(path)
    if about["resize"] == "stretch":
        picture.draft(None, (2 * size, 2 * size))  # a large JPEG is decoded smaller, as in training
    picture = ImageOps.exif_transpose(picture)
    if picture.has_transparency_data:
        layered = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")
    picture = picture.convert("L" if channels == 1 else "RGB")

    width, height = picture.size
    inner, corner, square = (size, size), (0, 0), Image.new(picture.mode, (size, size))
    if about["resize"] == "letterbox":
        inner = tuple(max(1, round(side * size / max(picture.size))) for side in picture.size)
        corner = ((size - inner[0]) // 2, (size - inner[1]) // 2)
        square.paste((json.loads(about["border"]),) * channels, (0, 0, size, size))
    square.paste(picture.resize(inner, Image.Resampling.BILINEAR), corner)
    pixels = np.asarray(square, np.float32).reshape(1, size, size, channels).transpose(0, 3, 1, 2)

    answers = session.run(None, {session.get_inputs()[0].name: np.ascontiguousarray(pixels)})
    if about["task_type"] == "classification":
        likely = np.exp(answers[0][0] - answers[0][0].max())
        likely /= likely.sum()
        return [{"class": classes[n], "probability": round(float(likely[n]), 4)} for n in np.argsort(-likely)[:5]]
    if about["task_type"] == "segmentation":
        best = answers[0][0].argmax(axis=0)[corner[1] : corner[1] + inner[1], corner[0] : corner[0] + inner[0]]
        mask = Image.fromarray(best.astype(np.uint8)).resize((width, height), Image.Resampling.NEAREST)
        mask.save(path + ".mask.png")
        shares = np.bincount(np.asarray(mask).ravel(), minlength=len(classes)) / (width * height)
        return {"mask": path + ".mask.png", "shares": dict(zip(classes, shares.round(4).tolist(), strict=True))}
    scale, limit = np.array([inner[0] / width, inner[1] / height] * 2), np.array([width, height] * 2)
    found = suppressed(answers[0][0].astype(np.float64), answers[1][0])
    return [
        {"class": classes[label], "score": round(score, 4),
         "box": np.clip((box - np.array(corner * 2)) / scale, 0, limit).round(2).tolist()}
        for box, score, label in found
    ]  # fmt: skip


def suppressed(boxes: Any, scores: Any) -> list[tuple[Any, float, int]]:
    """Box, score and number of the class, the surest first."""
    labels, best = scores.argmax(axis=1), scores.max(axis=1)
    kept: list[tuple[Any, float, int]] = []
    order = [n for n in np.argsort(-best, kind="stable") if best[n] >= CONFIDENCE]
    while order and len(kept) < MOST:
        first, *order = order
        kept.append((boxes[first], float(best[first]), int(labels[first])))
        rest = boxes[order]
        sides = np.minimum(rest[:, 2:], boxes[first, 2:]) - np.maximum(rest[:, :2], boxes[first, :2])
        shared = sides.clip(0).prod(axis=1)
        areas = (rest[:, 2:] - rest[:, :2]).prod(axis=1) + (boxes[first, 2:] - boxes[first, :2]).prod()
        rival = (shared / (areas - shared + 1e-7) > OVERLAP) & (labels[order] == labels[first])
        order = [n for n, goes in zip(order, rival, strict=True) if not goes]
    return kept


if __name__ == "__main__":
    beside = Path(__file__).parent / "model.onnx"
    found = main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else str(beside))
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
