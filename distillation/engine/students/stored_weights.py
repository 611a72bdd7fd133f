"""Weights in safetensors files: one file, or a directory of them. Nothing is unpickled, ever."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import named, shown

_PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl")


class StoredWeights:
    """The names and shapes in a file or a directory; tensors are read when they are asked for."""

    def __init__(self, path: Path) -> None:
        """Read the headers. Raises Refused for what is absent, a pickle or damaged."""
        self.path = path
        self.shapes: dict[str, tuple[int, ...]] = {}
        self._files: dict[str, Path] = {}
        for file in _files(path):
            try:
                with safe_open(file, framework="pt") as opened:
                    names = list(opened.keys())
                    self.shapes |= {name: tuple(opened.get_slice(name).get_shape()) for name in names}
            except (SafetensorError, OSError) as error:
                raise _damaged(file, error) from error
            self._files |= dict.fromkeys(names, file)

    def read(self, names: Iterable[str]) -> dict[str, Tensor]:
        """Read some tensors, opening each file once. Raises Refused."""
        by_file: dict[Path, list[str]] = {}
        for name in names:
            by_file.setdefault(self._files[name], []).append(name)
        tensors: dict[str, Tensor] = {}
        for file, inside in by_file.items():
            try:
                with safe_open(file, framework="pt") as opened:
                    tensors |= {name: opened.get_tensor(name) for name in inside}
            except (SafetensorError, OSError) as error:
                raise _damaged(file, error) from error
        return tensors


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(path.glob("*.safetensors"))
        if files:
            return files
        if pickles := sorted(file for file in path.iterdir() if file.suffix.lower() in _PICKLES):
            raise _pickle(pickles[0])
        raise Refused(
            Sentence(
                gettext_noop("The directory {folder} has no .safetensors weights; found: {found}."),
                {"folder": shown(path.name), "found": named(sorted(file.name for file in path.iterdir())) or "–"},
            )
        )
    if not path.is_file():
        raise Refused(
            Sentence(
                gettext_noop("There are no weights {name} in {folder}. Choose a file or a directory that exists."),
                {"name": shown(path.name), "folder": shown(path.parent.name)},
            )
        )
    if path.suffix.lower() in _PICKLES:
        raise _pickle(path)
    return [path]


def _pickle(file: Path) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "{file} is a pickle, which can run code when it is read, so it is not. Convert it and choose the new "
                "file: python -m distillation.engine convert < {file} > {converted}"
            ),
            {"file": shown(file.name), "converted": shown(file.with_suffix(".safetensors").name)},
        )
    )


def _damaged(file: Path, error: BaseException) -> Refused:
    return Refused(
        Sentence(
            gettext_noop("{file} cannot be read as safetensors ({error}). Copy or convert it again."),
            {"file": shown(file.name), "error": " ".join(str(error).split())[:200]},
        )
    )
