"""The folders that a person may have labelled, level by level, each with how many pictures lie below it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.datasets import layout
from distillation.selectors import Rights, hidden_datasets
from distillation.services.inference_folders import input_folder, own_folders
from distillation.storage.local import folders, home

MOST_FOLDERS = 500
"""Of one level that are listed."""
MOST_COUNTED = 20_000
"""Pictures below one folder that are counted."""
_SECONDS = 2.0
"""For all counts of one answer: somebody waits, and the folder may lie on a slow disk."""
_LOOK_EVERY = 256


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder."""

    name: str
    path: str
    """Below the home, with forward slashes."""
    pictures: int | None
    """Below it; None where there was no time to count, or the folder cannot be read."""
    more: bool
    """Whether there are more than counted."""


@dataclass(frozen=True, slots=True)
class Level:
    """A folder and what it holds."""

    path: str
    """Empty for the home itself."""
    pickable: bool
    """Whether its own pictures can be labelled."""
    folders: list[Folder]
    more: bool
    """Whether some are not listed."""


def level(named: str, by: Rights) -> Level:
    """What lies in a folder below the home. Raises InvalidRequest for one that is not there or not for the person."""
    root = Path(settings.DATASETS_ROOT)
    named = named.strip("/")
    if named in ("", root.name):
        parent = home() if not named else root
        hidden = own_folders() if not named else hidden_datasets(by)
        found = [folder for folder in folders(parent) if folder.name not in hidden]
    else:
        parent = input_folder(named, "", by)
        found = folders(parent)
    shown = [folder for folder in found if not folder.name.startswith(".") and layout.shown(folder.name) == folder.name]
    until = time.monotonic() + _SECONDS
    listed = [_folder(one, f"{named}/{one.name}".lstrip("/"), until) for one in shown[:MOST_FOLDERS]]
    return Level(named, named not in ("", root.name), listed, len(shown) > MOST_FOLDERS)


def nearest(named: str, by: Rights) -> Level:
    """The level of a folder, or of the first one around it that is there."""
    while named:
        try:
            return level(named, by)
        except InvalidRequest:
            named = named.rpartition("/")[0]
    return level("", by)


def _folder(folder: Path, path: str, until: float) -> Folder:
    counted = 0
    try:
        for _ in _within(layout.walk(folder, folder), until):
            counted += 1
            if counted == MOST_COUNTED:
                break
    except (Refused, OSError, TimeoutError):
        return Folder(folder.name, path, counted or None, counted > 0)
    return Folder(folder.name, path, counted, counted == MOST_COUNTED)


def _within(entries: Iterator[object], until: float) -> Iterator[object]:
    """The entries, looking at the clock now and then. Raises TimeoutError."""
    for number, entry in enumerate(entries):
        if number % _LOOK_EVERY == 0 and time.monotonic() > until:
            raise TimeoutError
        yield entry
