"""Lists of pictures by split, as Pascal VOC has them in ``ImageSets``: a name without suffix on each line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from distillation.datasets import file_index, layout
from distillation.datasets.text_files import lines, read_text

MAX_BYTES = 256 << 20
_FILES = {"train": layout.TRAIN, "val": layout.VAL, "valid": layout.VAL, "validation": layout.VAL, "test": "test"}
_WHOLE = ("trainval", "default")
"""Used where neither ``train`` nor ``val`` is there."""


@dataclass(frozen=True, slots=True)
class PictureLists:
    """The split of each listed name."""

    splits: dict[str, str]

    @classmethod
    def read(cls, root: Path, kind: str) -> PictureLists:
        """Read ``ImageSets/<kind>/`` or ``ImageSets/``; without lists every picture is unlisted by none.

        Raises Refused and OSError.
        """
        folders = [root / "ImageSets" / kind, root / "ImageSets"]
        for folder in folders:
            if folder.is_dir() and (splits := _read(folder, root)):
                return cls(splits)
        return cls({})

    def split_of(self, path: str) -> str:
        """``train``, ``val``, ``test`` or ``unlisted`` for an annotation file; folders count where no list is there."""
        if not self.splits:
            return file_index.split_of(path) or layout.TRAIN
        parts = PurePosixPath(path).with_suffix("").parts
        for start in range(len(parts)):
            if found := self.splits.get("/".join(parts[start:])):
                return found
        return "unlisted"


def _read(folder: Path, root: Path) -> dict[str, str]:
    files = {path.stem.lower(): path for path in folder.iterdir() if path.suffix.lower() == ".txt"}
    chosen = [(files[name], split) for name, split in _FILES.items() if name in files]
    if not any(split in (layout.TRAIN, layout.VAL) for _, split in chosen):
        chosen = [(files[name], layout.TRAIN) for name in _WHOLE if name in files][:1]
    splits = {}
    for path, split in chosen:
        for line in lines(read_text(layout.require_inside(path, root), MAX_BYTES)):
            splits[_key(line)] = split
    return splits


def _key(line: str) -> str:
    """The name of a line, without a picture's suffix where one is written."""
    path = PurePosixPath(line.replace("\\", "/").lstrip("/"))
    return (path.with_suffix("") if path.suffix.lower() in layout.EXTENSIONS else path).as_posix()
