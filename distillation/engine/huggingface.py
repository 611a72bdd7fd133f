"""Image classifiers in local Hugging Face directories.

Only safetensors are read, code that comes with a model is never run, and nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from torch import Tensor, nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import pictures
from distillation.datasets.layout import shown
from distillation.engine import atomic
from distillation.engine.students import LogitsOnly

PREPROCESSOR = "preprocessor_config.json"

_FAILURES = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    RuntimeError,
    ImportError,
    SafetensorError,
)
"""What transformers raises for unknown model types and damaged files."""


def class_names(folder: Path) -> tuple[str, ...]:
    """The teacher's classes in the order of its outputs. Raises Refused where config.json does not name them."""
    config = atomic.read_json(folder / "config.json")
    labels = config.get("id2label") if isinstance(config, dict) else None
    try:
        by_index = {int(index): str(label) for index, label in dict(labels or {}).items()}
        names = tuple(by_index[index] for index in range(len(by_index)))
    except (TypeError, ValueError, KeyError):
        names = ()
    if not names:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher in {folder} has no config.json that names its classes (id2label). Save it with "
                    "save_pretrained after setting id2label."
                ),
                {"folder": shown(folder.name)},
            )
        )
    return names


def weight_files(folder: Path) -> list[Path]:
    """The safetensors of the model, and its preprocessing file. Raises Refused when one of them is absent."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        others = sorted(
            path.name for path in folder.iterdir() if path.suffix in (".bin", ".pt", ".pth", ".ckpt", ".h5")
        )
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher in {folder} has no .safetensors weights; found: {found}. Pickled weights can run "
                    "code and are not read: load them where you trust them and save with save_pretrained, which "
                    "writes safetensors."
                ),
                {"folder": shown(folder.name), "found": ", ".join(map(shown, others)) or "–"},
            )
        )
    if not (folder / PREPROCESSOR).is_file():
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher in {folder} has no {file}, so it is unknown how it wants its pictures. Save its image "
                    "processor there with save_pretrained."
                ),
                {"folder": shown(folder.name), "file": PREPROCESSOR},
            )
        )
    return files


def load(folder: Path) -> tuple[nn.Module, Callable[[Path], Tensor]]:
    """Load the model and the reader of its pictures. Raises Refused when something is missing or damaged."""
    try:
        processor = transformers.AutoImageProcessor.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
        model, report = transformers.AutoModelForImageClassification.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except _FAILURES as error:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher in {folder} cannot be loaded as an image classifier ({error}). Check that its files "
                    "are complete and of a model type that transformers {version} knows."
                ),
                {
                    "folder": shown(folder.name),
                    "error": " ".join(f"{type(error).__name__}: {error}".split())[:300],
                    "version": transformers.__version__,
                },
            )
        ) from error
    _require_every_weight(folder, report)
    channels = int(getattr(model.config, "num_channels", 3) or 3)

    def read(path: Path) -> Tensor:
        picture = pictures.open_picture(path, channels)
        if channels == 1:
            ready = processor(pictures.as_array(picture), input_data_format="channels_last", return_tensors="pt")
        else:
            ready = processor(picture, return_tensors="pt")
        pixels: Tensor = ready["pixel_values"][0]
        return pixels.to(torch.float32)

    return LogitsOnly(model), read


def _require_every_weight(folder: Path, report: dict[str, Any]) -> None:
    """Weights that the files lack are drawn at random by transformers: such a teacher teaches noise."""
    absent = sorted({str(key) for kind in ("missing_keys", "mismatched_keys") for key in report.get(kind) or ()})
    if absent:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The weights of the teacher in {folder} are incomplete: {count} are missing or of another shape, "
                    "for example {example}. Choose a model that was trained for classification."
                ),
                {"folder": shown(folder.name), "count": len(absent), "example": absent[0]},
            )
        )
