"""What an ONNX file does not say of itself: classes, preprocessing, meaning of the output.

Stated in ``model.json`` beside it, or under the same names in the file's metadata, each value as JSON; the first wins.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.task_types import USUAL_TYPE
from distillation.datasets.layout import shown
from distillation.engine import atomic

CARD = "model.json"
EXAMPLE = (
    '{"classes": ["cat", "dog"], "layout": "NCHW", "size": 224, "mean": [0.485, 0.456, 0.406], '
    '"std": [0.229, 0.224, 0.225], "scale": 0.00392156862745098, "channel_order": "RGB", "resize": "stretch", '
    '"output": "logits"}'
)
_WORDS = {
    "layout": ("NCHW", "NHWC"),
    "channel_order": ("RGB", "BGR"),
    "resize": ("stretch", "crop", "letterbox"),
    "interpolation": ("bilinear", "bicubic", "nearest"),
    "output": ("logits", "probabilities"),
    "detection_layout": ("yolo", "boxes"),
}
_DEFAULTS: dict[str, Any] = {"scale": 1 / 255, "channel_order": "RGB", "resize": "stretch", "interpolation": "bilinear"}
_OF_DETECTORS: dict[str, Any] = {"mean": 0.0, "std": 1.0, "resize": "letterbox", "output": "probabilities"}
"""What the usual detectors want and give where a ``task_type`` of detection states nothing else."""
OUTPUTS = ("boxes", "scores", "labels")
"""Of a detector that answers with boxes; ``boxes_name`` and so on state what they are called."""
_NAMES = (
    "classes", "size", "mean", "std", "scale", "resize_to", "output_name", "task_type",
    *(f"{part}_name" for part in OUTPUTS), *_WORDS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class InputShape:
    """What the graph says of its input ``[batch, …]``; None where it leaves it open."""

    batch: int | None
    sides: tuple[int | None, int | None, int | None]
    """The three dimensions after the batch."""


@dataclass(frozen=True, slots=True)
class Card:
    """How pictures are prepared: (pixel · scale - mean) / std, and what the answers are."""

    task_type: str
    classes: tuple[str, ...]
    layout: str
    channels: int
    height: int
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    scale: float
    channel_order: str
    resize: str
    """``stretch`` to the size; ``crop``: the shorter side to ``resize_to``, then the middle; ``letterbox``: the whole
    picture in the middle, a grey border around it."""
    resize_to: int
    interpolation: str
    output: str | None
    """``logits`` or ``probabilities``; None = as the graph shows."""
    detection_layout: str | None = None
    """Of a detector: ``yolo`` or ``boxes``; None = as the graph shows."""
    boxes: str | None = None
    """The name of the output with the boxes, where it is stated; so for scores and labels."""
    scores: str | None = None
    labels: str | None = None


def read_statements(folder: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    """What is stated, by name. Raises Refused for a ``model.json`` that is no JSON object."""
    stated: dict[str, Any] = {}
    for name in _NAMES:
        if name in metadata:
            stated[name] = _value(metadata[name])
    path = folder / CARD
    if path.is_file():
        content = atomic.read_json(path)
        if not isinstance(content, dict):
            raise _wrong(folder, gettext_noop("it is not a JSON object"))
        stated |= content
    return stated


def understand(folder: Path, stated: Mapping[str, Any], shape: InputShape, outputs: int | None) -> Card:
    """Bring statements and graph together. Raises Refused where they leave something open or contradict."""
    detects = stated.get("task_type") == "detection"
    said = _DEFAULTS | (_OF_DETECTORS if detects else {}) | dict(stated)
    for name, allowed in _WORDS.items():
        if said.get(name) is not None and said[name] not in allowed:
            raise _wrong(folder, gettext_noop("{name} must be one of {allowed}"), name=name, allowed=", ".join(allowed))
    layout = _layout(folder, said.get("layout"), shape)
    channels, height, width = _sizes(folder, said.get("size"), layout, shape)
    mean, std = (_per_channel(folder, said, name, channels) for name in ("mean", "std"))
    scale = _number(folder, "scale", said["scale"])
    if min(std) <= 0:
        raise _wrong(folder, gettext_noop("{name} must be positive"), name="std")
    if max(mean) > 255 * scale:
        raise _wrong(
            folder,
            gettext_noop(
                "the mean {mean} is larger than a white pixel times scale ({scale}); state the scale, often 1"
            ),
            mean=max(mean),
            scale=scale,
        )
    if detects and said["resize"] == "crop":
        raise _wrong(
            folder, gettext_noop("{name} must be one of {allowed}"), name="resize", allowed="letterbox, stretch"
        )
    return Card(
        task_type=str(said.get("task_type") or USUAL_TYPE),
        classes=_classes(folder, said.get("classes"), outputs),
        layout=layout,
        channels=channels,
        height=height,
        width=width,
        mean=mean,
        std=std,
        scale=scale,
        channel_order=said["channel_order"],
        resize=said["resize"],
        resize_to=int(_number(folder, "resize_to", said.get("resize_to") or max(height, width))),
        interpolation=said["interpolation"],
        output=said.get("output"),
        detection_layout=said.get("detection_layout"),
        **{part: said.get(f"{part}_name") for part in OUTPUTS},
    )


def _layout(folder: Path, stated: str | None, shape: InputShape) -> str:
    first, last = shape.sides[0] in (1, 3), shape.sides[2] in (1, 3)
    if stated is not None:
        fits = {"NCHW": shape.sides[0] in (None, 1, 3), "NHWC": shape.sides[2] in (None, 1, 3)}
        if not fits[stated]:
            raise _wrong(
                folder,
                gettext_noop("layout {layout} does not fit the graph's input {shape}"),
                layout=stated,
                shape=_shown(shape),
            )
        return stated
    if first == last:
        raise _wrong(
            folder, gettext_noop("the graph's input {shape} does not show the layout; state it"), shape=_shown(shape)
        )
    return "NCHW" if first else "NHWC"


def _sizes(folder: Path, stated: Any, layout: str, shape: InputShape) -> tuple[int, int, int]:
    """Channels, height and width; channels that the graph leaves open are three."""
    first, middle, last = shape.sides
    channels, height, width = (first, middle, last) if layout == "NCHW" else (last, first, middle)
    if stated is not None:
        size = stated if isinstance(stated, list) else [stated, stated]
        if len(size) != 2 or not all(type(side) is int and side > 0 for side in size):
            raise _wrong(folder, gettext_noop("{name} must be pixels: 224, or [height, width]"), name="size")
        if height not in (None, size[0]) or width not in (None, size[1]):
            raise _wrong(
                folder,
                gettext_noop("size {size} does not fit the graph's input {shape}"),
                size=str(stated),
                shape=_shown(shape),
            )
        height, width = size
    if height is None or width is None:
        raise _wrong(folder, gettext_noop("the graph's input {shape} has no fixed size; state it"), shape=_shown(shape))
    return channels or 3, height, width


def _classes(folder: Path, stated: Any, outputs: int | None) -> tuple[str, ...]:
    if isinstance(stated, dict):  # {"0": "cat"}, as some exporters write
        stated = [stated.get(str(index)) for index in range(len(stated))]
    if not isinstance(stated, list) or not stated or not all(isinstance(name, str) for name in stated):
        raise _wrong(folder, gettext_noop("the classes are not stated as a list of names in the order of the outputs"))
    if outputs is not None and outputs != len(stated):
        raise _wrong(
            folder,
            gettext_noop("{stated} classes are stated, the graph has {outputs} outputs"),
            stated=len(stated),
            outputs=outputs,
        )
    return tuple(stated)


def _per_channel(folder: Path, said: Mapping[str, Any], name: str, channels: int) -> tuple[float, ...]:
    value = said.get(name)
    if value is None:
        raise _wrong(folder, gettext_noop("{name} is not stated"), name=name)
    values = value if isinstance(value, list) else [value] * channels
    if len(values) != channels:
        raise _wrong(folder, gettext_noop("{name} needs {count} numbers, one a channel"), name=name, count=channels)
    return tuple(_number(folder, name, one) for one in values)


def _number(folder: Path, name: str, value: Any) -> float:
    if type(value) not in (int, float):
        raise _wrong(folder, gettext_noop("{name} is not a number"), name=name)
    return float(value)


def _value(text: str) -> Any:
    """Metadata are texts: JSON where they read as JSON, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _shown(shape: InputShape) -> str:
    return str([side if side is not None else "?" for side in (shape.batch, *shape.sides)]).replace("'", "")


def _wrong(folder: Path, found: str, **params: Any) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The ONNX teacher in {folder} cannot be asked: {found}. Write a {file} beside model.onnx, such as "
                "{example}."
            ),
            {
                "folder": shown(folder.name),
                "found": Sentence(found, params).as_json(),
                "file": CARD,
                "example": EXAMPLE,
            },
        )
    )
