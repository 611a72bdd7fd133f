"""Whether the files of a model directory are complete enough to teach, before anything is loaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from distillation.contract import prompts
from distillation.contract import teachers as catalogue
from distillation.contract.sentence import Sentence, gettext_noop
from distillation.contract.teachers import TeacherKind
from distillation.storage.model_layout import PREPROCESSORS, TOKENIZERS


def missing_file(
    name: str, directory: Path, config: dict[str, Any] | None, kind: TeacherKind | None
) -> Sentence | None:
    """Why the directory cannot teach, as far as its file names and its ``config.json`` tell."""
    if kind == "gguf":
        return None
    if config is None:
        return Sentence(
            gettext_noop(
                "The model directory {name} has no readable config.json. A Hugging Face model consists of "
                "config.json, preprocessor_config.json and model.safetensors."
            ),
            {"name": name},
        )
    if not any(directory.glob("*.safetensors")):
        return Sentence(
            gettext_noop("The model directory {name} has no .safetensors weights. Convert the model and add them."),
            {"name": name},
        )
    if kind is None:
        return Sentence(
            gettext_noop(
                "The config.json of the model directory {name} names the model type {found}, which cannot teach here, "
                "and no classes (id2label). Teachers are: {known}."
            ),
            {"name": name, "found": str(config.get("model_type", "–")), "known": ", ".join(catalogue.FAMILIES)},
        )
    if kind not in ("task", "causal_lm") and not _has_one_of(directory, PREPROCESSORS):
        return Sentence(
            gettext_noop(
                "The model directory {name} has no preprocessor_config.json, so it is unknown how its pictures "
                "were prepared. Add the file that came with the model."
            ),
            {"name": name},
        )
    if kind in prompts.DEFAULT_WORDS and not _has_one_of(directory, TOKENIZERS):
        return Sentence(
            gettext_noop(
                "The model directory {name} has no tokenizer ({files}), so it cannot be asked in words. Add the files "
                "that came with the model."
            ),
            {"name": name, "files": ", ".join(TOKENIZERS[:3])},
        )
    if catalogue.needs_timm(config):
        return catalogue.timm_problem(name)
    return None


def _has_one_of(directory: Path, names: tuple[str, ...]) -> bool:
    return any((directory / name).is_file() for name in names)


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file, or None where there is no valid one."""
    try:
        value = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
