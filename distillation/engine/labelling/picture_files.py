"""Which pictures a folder holds, and under which names their labels are written."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import layout


def listed(folder: Path) -> list[str]:
    """Paths of the pictures below the folder, relative to it, sorted. Raises Refused, also when there are none."""
    try:
        prefix = len(str(folder)) + 1
        found = sorted(entry.path[prefix:].replace(os.sep, "/") for entry in layout.walk(folder, folder))
    except OSError as error:
        raise Refused(
            Sentence(
                gettext_noop("The folder of pictures {folder} cannot be listed ({error})."),
                {"folder": layout.shown(folder.name), "error": error.strerror or "–"},
            )
        ) from error
    if not found:
        raise Refused(
            Sentence(
                gettext_noop("No picture lies in the folder {folder}. Pictures end in {extensions}."),
                {"folder": layout.shown(folder.name), "extensions": " ".join(sorted(layout.EXTENSIONS))},
            )
        )
    return found


def stems(paths: Sequence[str]) -> dict[str, str]:
    """Where the labels of each picture go: its path without the suffix.

    Pictures whose paths differ by the suffix (or by case, which some disks ignore) keep it, so that no labels
    overwrite others.
    """
    plain = {path: PurePosixPath(path).with_suffix("").as_posix() for path in paths}
    taken = Counter(stem.casefold() for stem in plain.values())
    return {path: stem if taken[stem.casefold()] == 1 else path for path, stem in plain.items()}


def same_names(names: dict[str, str]) -> list[str]:
    """The pictures whose labels keep the suffix."""
    return [path for path, stem in names.items() if path == stem]


def not_text(paths: Iterable[str]) -> set[str]:
    """Paths with bytes that are no UTF-8: no annotation format can name them."""
    return {path for path in paths if layout.shown(path) != path}
