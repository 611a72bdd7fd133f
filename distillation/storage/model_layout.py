"""What a model directory is good for, by its ``config.json``: who can load the weights that lie beside it.

Read for every row of a list, so an answer is kept until a file changes.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from django.conf import settings

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.students import STUDENTS
from distillation.contract.teachers import TeacherKind
from distillation.storage.opening import NotAFile, Outside, open_inside

CONFIG, WEIGHTS, PREPROCESSOR = "config.json", "model.safetensors", "preprocessor_config.json"
STUDENT_FORMAT = "distillation-student/1"
MAX_CONFIG_BYTES = 4 * 1024 * 1024

Kind = Literal["student", "huggingface"]

ONNX, ONNX_CARD = "model.onnx", "model.json"
PREPROCESSORS = (PREPROCESSOR, "processor_config.json")
TOKENIZERS = ("tokenizer.json", "vocab.json", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model")

_CLASSIFIER = "ForImageClassification"
_BY_MODEL_TYPE: dict[str, TeacherKind] = {
    "clip": "clip",
    "siglip": "siglip",
    "qwen2_5_vl": "qwen2_5_vl",
    "owlvit": "open_vocabulary",
    "owlv2": "open_vocabulary",
    "grounding-dino": "open_vocabulary",
    "mm-grounding-dino": "open_vocabulary",
    "sam": "sam",
}
_BY_HEAD: dict[str, TeacherKind] = {
    _CLASSIFIER: "huggingface",
    "ForObjectDetection": "detector",
    "ForSemanticSegmentation": "segmenter",
    "ForCausalLM": "causal_lm",
}
"""How the names of transformers' classes end, which ``architectures`` lists."""


def model_config(folder: Path) -> dict[str, Any] | None:
    """The directory's ``config.json``, or None where there is none.

    Raises Refused for one that is no JSON object, is too large, or is no file below the models root.
    """
    try:
        with open_inside(folder / CONFIG, Path(settings.MODELS_ROOT)) as file:
            if file.size > MAX_CONFIG_BYTES:
                raise _wrong_config(f"{file.size} bytes; at most {MAX_CONFIG_BYTES}")
            content = json.loads(file.read(MAX_CONFIG_BYTES, 0).decode())
    except FileNotFoundError:
        return None
    except (Outside, NotAFile, OSError) as error:
        raise _wrong_config("it is no readable file below the models root") from error
    except (ValueError, RecursionError) as error:
        raise _wrong_config("it is not JSON") from error
    if not isinstance(content, dict):
        raise _wrong_config("it is not a JSON object")
    return content


def kind_of(config: dict[str, Any]) -> Kind | None:
    """Which program wrote the configuration; None for one that nothing here can load."""
    if config.get("format") == STUDENT_FORMAT:
        arch, names = config.get("arch"), config.get("classes")
        if not isinstance(arch, str) or arch not in STUDENTS or not isinstance(names, list) or not names:
            return None
        # A student of sequences has no picture size.
        sizes = [config.get("channels"), config.get("image_size") if STUDENTS[arch].takes_pictures else 1]
        return "student" if all(type(size) is int and size > 0 for size in sizes) else None
    return "huggingface" if isinstance(config.get("id2label"), dict) and config["id2label"] else None


def teacher_kind(folder: Path, config: dict[str, Any] | None) -> TeacherKind | None:
    """What kind of teacher lies in the directory; None for files that nothing here can ask."""
    if not any(folder.glob("*.safetensors")):
        if (folder / ONNX).is_file():
            return "onnx"
        if any(folder.glob("*.gguf")):
            return "gguf"
    if config is None:
        return None
    if kind_of(config) == "student":
        return "task"
    heads = config.get("architectures")
    heads = [str(head) for head in heads] if isinstance(heads, list) else []
    by_type = _BY_MODEL_TYPE.get(str(config.get("model_type")))
    if by_type is not None and not any(head.endswith(_CLASSIFIER) for head in heads):
        return by_type
    by_head = [kind for end, kind in _BY_HEAD.items() for head in heads if head.endswith(end)]
    if by_head:
        return by_head[0]
    return "huggingface" if kind_of(config) == "huggingface" else None


def use_problem(file: Path) -> Sentence | None:
    """Why the bound model file cannot be loaded for annotation or as a teacher; None when it can."""
    if file.suffix == ".onnx":
        return Sentence(gettext_noop("An ONNX model can be kept and downloaded, but not be used as teacher here."))
    folder = file.parent
    return _problem(str(file), _stamp(folder / CONFIG), _stamp(folder / PREPROCESSOR))


@lru_cache(maxsize=4096)
def _problem(name: str, config_stamp: int | None, preprocessor_stamp: int | None) -> Sentence | None:
    file = Path(name)
    if file.name != WEIGHTS:
        return Sentence(
            gettext_noop("The model is {file}; only {expected} with a config.json beside it can be loaded. Rename it."),
            {"file": file.name, "expected": WEIGHTS},
        )
    try:
        config = model_config(file.parent)
    except Refused as refused:
        return refused.sentence
    if config is None:
        return Sentence(
            gettext_noop(
                "No config.json lies beside {file}, so it is unknown which network the weights belong to. Put it "
                "there; docs/models.md shows one."
            ),
            {"file": file.name},
        )
    kind = kind_of(config)
    if kind is None:
        return Sentence(
            gettext_noop(
                "The config.json beside {file} names neither a student of this platform nor the classes (id2label) of "
                "an image classifier. docs/models.md shows both."
            ),
            {"file": file.name},
        )
    if kind == "huggingface" and preprocessor_stamp is None:
        return Sentence(
            gettext_noop("No {missing} lies beside {file}, so it is unknown how pictures are prepared. Add it."),
            {"missing": PREPROCESSOR, "file": file.name},
        )
    return None


def _stamp(path: Path) -> int | None:
    """Changes with the file; None where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _wrong_config(found: str) -> Refused:
    return Refused(
        Sentence(
            gettext_noop("The config.json beside the model cannot be read ({found}). Repair or remove it."),
            {"found": found},
        )
    )
