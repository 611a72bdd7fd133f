"""Files of a Hugging Face directory: safetensors alone, preprocessing, tokenizer. Code in it is never run."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown
from distillation.engine.importing import from_transformers
from distillation.engine.teachers import quantisation

CONFIG, WEIGHTS_INDEX = "config.json", "model.safetensors.index.json"
PREPROCESSOR = "preprocessor_config.json"
PREPROCESSORS = (PREPROCESSOR, "processor_config.json")
"""Either states the preprocessing; transformers 5 writes the second for models that see and read."""
TOKENIZERS = ("tokenizer.json", "vocab.json", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model")
_BESIDE = (
    CONFIG, WEIGHTS_INDEX, *PREPROCESSORS, *TOKENIZERS,
    "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
)  # fmt: skip
_ADAPTER = "adapter_config.json"
_PICKLED = frozenset({".bin", ".pt", ".pth", ".ckpt", ".h5", ".pkl", ".pickle", ".msgpack"})

FAILURES = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    RuntimeError,
    ImportError,
    SafetensorError,
    struct.error,
)
"""What transformers raises for unknown model types and damaged files."""


def weight_files(folder: Path, *, of_pictures: bool = True) -> tuple[Path, ...]:
    """The whole model's safetensors. Raises Refused when there are none, or no preprocessing where pictures need it."""
    files = sorted(folder.glob("*.safetensors"))
    if (folder / _ADAPTER).is_file():
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher in {folder} is an adapter of another model ({file}), not a whole one. Merge the two "
                    "with merge_and_unload, and save the result with save_pretrained."
                ),
                {"folder": shown(folder.name), "file": _ADAPTER},
            )
        )
    if not files:
        others = sorted(path.name for path in folder.iterdir() if path.suffix in _PICKLED)
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher in {folder} has no .safetensors weights; found: {found}. Pickled weights can run "
                    "code and are not read: convert them with {command}, or load them where you trust them and save "
                    "with save_pretrained, which writes safetensors."
                ),
                {
                    "folder": shown(folder.name),
                    "found": ", ".join(map(shown, others)) or "–",
                    "command": "python -m distillation.engine convert < pytorch_model.bin > model.safetensors",
                },
            )
        )
    if of_pictures and not any((folder / name).is_file() for name in PREPROCESSORS):
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher in {folder} has no {file}, so it is unknown how it wants its pictures. Save its image "
                    "processor there with save_pretrained."
                ),
                {"folder": shown(folder.name), "file": PREPROCESSOR},
            )
        )
    return tuple(files)


def setting_files(folder: Path) -> tuple[Path, ...]:
    """Every file beside the weights that changes the answers."""
    return tuple(path for name in _BESIDE if (path := folder / name).is_file())


def load_model(auto_class: Any, folder: Path, quantization: str, what: str, **options: Any) -> nn.Module:
    """Load the network through a class of transformers; float16 where it is quantised later or now, else float32.

    ``what`` names it in the sentence; ``options`` say where weights in a GGUF file are. Raises Refused when weights
    are missing or something is damaged.
    """
    try:
        model, report = auto_class.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float16 if quantization in quantisation.HALF else torch.float32,
            output_loading_info=True,
            **options,
        )
    except FAILURES as error:
        raise _not_loadable(folder, what, error) from error
    _require_every_weight(folder, report, what)
    network: nn.Module = model
    return network


def load_processor(auto_class: Any, folder: Path, what: str, **options: Any) -> Any:
    """Load an image processor or a tokenizer. Raises Refused when it is missing or damaged."""
    try:
        return auto_class.from_pretrained(folder, local_files_only=True, trust_remote_code=False, **options)
    except FAILURES as error:
        raise _not_loadable(folder, what, error) from error


def require_tokenizer(folder: Path) -> None:
    """Raise Refused where no file says how words become tokens."""
    if not any((folder / name).is_file() for name in TOKENIZERS):
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher in {folder} has no tokenizer ({files}), so it cannot be asked in words. Add the files "
                    "that came with the model."
                ),
                {"folder": shown(folder.name), "files": ", ".join(TOKENIZERS[:3])},
            )
        )


def require_token_room(folder: Path, words: Sequence[str], lengths: Sequence[int], limit: int) -> None:
    """Raise Refused when the words for a class are longer than the model can read (``limit`` tokens)."""
    if max(lengths) > limit:
        longest = max(range(len(words)), key=lambda index: lengths[index])
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher in {folder} reads at most {limit} tokens; these words have {count}: {words}. Shorten "
                    "them in prompts.json."
                ),
                {
                    "folder": shown(folder.name),
                    "limit": limit,
                    "count": lengths[longest],
                    "words": words[longest][:100],
                },
            )
        )


def _not_loadable(folder: Path, what: str, error: BaseException) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The teacher in {folder} cannot be loaded as {what} ({error}). Check that its files are complete and "
                "of a model type that transformers {version} knows."
            ),
            {
                "folder": shown(folder.name),
                "what": Sentence(what).as_json(),
                "error": " ".join(f"{type(error).__name__}: {error}".split())[:300],
                "version": from_transformers("__version__"),
            },
        )
    )


def _require_every_weight(folder: Path, report: dict[str, Any], what: str) -> None:
    """Weights that the files lack are drawn at random by transformers: such a teacher teaches noise."""
    absent = sorted({str(key) for kind in ("missing_keys", "mismatched_keys") for key in report.get(kind) or ()})
    if absent:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The weights of the teacher in {folder} are incomplete for {what}: {count} are missing or of "
                    "another shape, for example {example}. Choose a model that was trained for it."
                ),
                {
                    "folder": shown(folder.name),
                    "what": Sentence(what).as_json(),
                    "count": len(absent),
                    "example": absent[0],
                },
            )
        )
