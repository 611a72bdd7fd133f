"""What an exported graph says of itself, so that it can be used without any other file.

Names and values are those that an ONNX teacher states (``teachers.onnx_card``), each value as JSON: an exported
classifier can be a teacher as it is.
"""

from __future__ import annotations

import json
from typing import Any

from distillation.engine.detection.letterbox import BORDER

FORMAT = "distillation-onnx/1"
STRETCH, LETTERBOX = "stretch", "letterbox"
WAYS = {"classification": STRETCH, "detection": LETTERBOX, "segmentation": LETTERBOX}


def statements(config: dict[str, Any], *, opset: int, precision: str, output: str) -> dict[str, str]:
    """The metadata of a graph, from the content of ``config.json``.

    ``precision`` is ``float32`` or ``int8``, ``output`` one of ``logits``, ``boxes`` and ``objects``.
    """
    task_type = config["task_type"]
    stated = {
        "format": FORMAT,
        "task_type": task_type,
        "task_id": config["task_id"],
        "arch": config["arch"],
        "parameters": config["parameters"],
        "classes": config["classes"],
        "channels": config["channels"],
        "opset": opset,
        "precision": precision,
        "output": output,
        **(_pictures(config) if config["image_size"] else _sequences(config)),
    }
    return {name: value if isinstance(value, str) else _json(value) for name, value in stated.items()}


def _pictures(config: dict[str, Any]) -> dict[str, Any]:
    """Pixels go in as they are: the graph normalises them itself."""
    channels = config["channels"]
    return {
        "input": "float32 pixels 0 to 255; the graph normalises them",
        "layout": "NCHW",
        "size": config["image_size"],
        "channel_order": "RGB",
        "scale": 1,
        "mean": [0.0] * channels,
        "std": [1.0] * channels,
        "resize": WAYS[config["task_type"]],
        "interpolation": "bilinear",
        **({"border": BORDER} if WAYS[config["task_type"]] == LETTERBOX else {}),
    }


def _sequences(config: dict[str, Any]) -> dict[str, Any]:
    return {
        "input": "float32 values as stored; the graph standardises them",
        "layout": "NTC",
        "length": config["length"],
        "missing": config["missing_steps"],
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
