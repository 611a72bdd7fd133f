"""The data sets below the data set root; an id is the name of a folder directly in it."""

from __future__ import annotations

import unicodedata
from pathlib import Path

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import layout
from distillation.datasets.outline import Outline, outline


def list_datasets(datasets_root: Path) -> list[Outline]:
    """Outline every data set, sorted by id; an absent or unreadable root holds none. Never raises."""
    try:
        names = layout.sub_folders(datasets_root)
    except OSError:
        return []
    return [outline(datasets_root / name) for name in names]


def resolve(datasets_root: Path, dataset_id: str) -> Path:
    """Return the folder of a data set.

    Raises Refused for an id that could reach outside ``datasets_root`` and for one that has no folder there.
    """
    if not is_plain_name(dataset_id):
        raise Refused(
            Sentence(
                gettext_noop(
                    "{name} is not a data set id: it must be the name of a folder directly in the data set root, "
                    "without slashes, '..' or control characters."
                ),
                {"name": repr(layout.shown(dataset_id))},
            )
        )
    folder = datasets_root / dataset_id
    if not folder.is_dir():
        raise Refused(layout.missing_folder(folder))
    return folder


def is_plain_name(name: str) -> bool:
    """Whether ``name`` can only mean a visible entry of one folder."""
    if not name or name.startswith(".") or len(name.encode("utf-8", "surrogatepass")) > 255:
        return False
    return not any(char in "/\\" or unicodedata.category(char) in ("Cc", "Cs") for char in name)
