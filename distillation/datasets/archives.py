"""An archive becomes the folder of a data set: known by its content, unpacked aside, its single top folder taken off.

What is half unpacked lies in a hidden folder that no catalogue lists; who calls renames it when it is whole.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import file_index, layout
from distillation.datasets.unpacking import tars, zips
from distillation.datasets.unpacking.limits import Limits
from distillation.datasets.unpacking.target import Report, Target

GZIP, ZIP = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06")
RESERVE = 64 << 20
"""Bytes of the disk that are left to others."""
_WORDS_OF_LAYOUTS = frozenset(
    {layout.UNLABELED, "images", "labels", "masks", "annotations", "jpegimages"}
    | file_index.TRAIN_FOLDERS
    | file_index.HELD_OUT_FOLDERS
    | file_index.TEST_FOLDERS
)
"""Folders that mean something: a single one of these is no wrapping."""

AROUND = "-top"
"""How a folder's name ends beside it, while what is in it changes places."""


def unpack(archive: Path, root: Path, allowed: Limits, report: Report = lambda done: None) -> Target:
    """Fill the empty folder ``root``. Raises Refused, naming the entry that is in the way, and OSError."""
    target = Target(root, allowed, report)
    with archive.open("rb") as file:
        beginning = file.read(4)
    packed = beginning.startswith(GZIP)
    if beginning in ZIP:
        require_disk(root, zips.unpacked_bytes(archive))
        zips.unpack(archive, target)
    elif tars.is_tar(archive, packed=packed):
        require_disk(root, archive.stat().st_size)
        tars.unpack(archive, target, packed=packed)
    else:
        raise Refused(
            Sentence(
                gettext_noop(
                    "This file is no zip, tar or tar.gz. Pack the folder of the data set as one of these (7z, rar, bz2 "
                    "and xz are not read)."
                )
            )
        )
    if not any(root.iterdir()):
        raise Refused(
            Sentence(gettext_noop("The archive holds no file. Pack the folder of the data set with its files."))
        )
    _take_off_top(root)
    return target


def require_disk(root: Path, needed: int) -> None:
    """Raise Refused when ``needed`` bytes would fill the disk that ``root`` is on."""
    free = shutil.disk_usage(root).free
    if free < needed + RESERVE:
        raise Refused(
            Sentence(
                gettext_noop(
                    "{needed} MB are needed and {free} MB are free on the disk of the data sets. Free some space "
                    "there, then try again."
                ),
                {"needed": (needed + RESERVE) // 10**6 + 1, "free": free // 10**6},
            )
        )


def _take_off_top(root: Path) -> None:
    """Where everything lies in one folder whose name means nothing, take that folder off."""
    found = list(root.iterdir())
    if len(found) != 1 or not found[0].is_dir() or found[0].name.lower() in _WORDS_OF_LAYOUTS:
        return
    aside = root.with_name(f"{root.name}{AROUND}")
    found[0].rename(aside)
    root.rmdir()
    aside.rename(root)
