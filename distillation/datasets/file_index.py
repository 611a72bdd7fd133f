"""Every picture of a data set by name, and the search for those that annotation files name in foreign ways."""

from __future__ import annotations

import itertools
import os
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from distillation.datasets import layout
from distillation.datasets.samples import Sample, Target

HELD_OUT_FOLDERS = frozenset({"val", "valid", "validation", "val2017", "val2014"})
TRAIN_FOLDERS = frozenset({"train", "training", "train2017", "train2014"})
TEST_FOLDERS = frozenset({"test", "testing", "test2017", "test2014"})

PEEKED = 1_000
"""Entries of one folder that :func:`peek` looks at."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Size in bytes and time of the last change in nanoseconds of a file."""

    size: int
    mtime_ns: int

    def sample(self, path: str, target: Target) -> Sample:
        """The sample at ``path``, the key under which this entry was found."""
        return Sample(path, self.size, self.mtime_ns, target)


def list_files(folder: Path, root: Path, extensions: Collection[str] = layout.EXTENSIONS) -> dict[str, Entry]:
    """Files below ``folder`` by path relative to ``root``, sorted; none when it is absent.

    Raises Refused and OSError.
    """
    if not folder.is_dir():
        return {}
    prefix = len(str(root)) + 1
    found = {}
    for entry in layout.walk(folder, root, extensions):
        stat = entry.stat()
        found[entry.path[prefix:].replace(os.sep, "/")] = Entry(stat.st_size, stat.st_mtime_ns)
    return dict(sorted(found.items()))


def peek(folder: Path, extensions: Collection[str], depth: int = 3) -> Iterator[Path]:
    """Yield some files below ``folder``, lazily: enough to tell what it holds, not the price of a whole listing.

    Looks at ``PEEKED`` entries of each folder, ``depth`` folders deep, not into ``unlabeled/``. Raises OSError.
    """
    folders = []
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in itertools.islice(entries, PEEKED):
            if entry.name.startswith(".") or entry.name == layout.UNLABELED:
                continue
            if entry.is_dir():
                folders.append(Path(entry.path))
            elif Path(entry.name).suffix.lower() in extensions:
                yield Path(entry.path)
    for deeper in sorted(folders) if depth > 1 else ():
        yield from peek(deeper, extensions, depth - 1)


def labelled_only(files: dict[str, Entry]) -> dict[str, Entry]:
    """Without what lies below ``unlabeled/``."""
    return {path: entry for path, entry in files.items() if not path.startswith(layout.UNLABELED + "/")}


def split_of(path: str) -> str | None:
    """``train``, ``val`` or ``test`` when a folder on the way to ``path`` has such a name; else None."""
    for part in PurePosixPath(path).parent.parts:
        name = part.lower()
        if name in HELD_OUT_FOLDERS:
            return layout.VAL
        if name in TRAIN_FOLDERS:
            return layout.TRAIN
        if name in TEST_FOLDERS:
            return "test"
    return None


class Ambiguous(LookupError):  # noqa: N818 - it is an answer, as Refused is
    """Several pictures fit a name equally well."""


class PictureIndex:
    """Finds pictures by the paths that annotation files give.

    A path may come from another machine (``C:\\\\photos\\\\a.jpg``, ``/data/upload/1/a.jpg``), be relative to any
    folder, or be percent-encoded: what counts is how many of its last parts agree.
    """

    def __init__(self, files: dict[str, Entry]) -> None:
        self.files = files
        self._by_name: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}
        for path in files:
            name = _folded(path.rsplit("/", 1)[-1])
            self._by_name.setdefault(name, []).append(path)
            self._by_stem.setdefault(name.rsplit(".", 1)[0], []).append(path)

    def find(self, given: str, near: str = "", split: str | None = None) -> str | None:
        """Return the path of the picture that ``given`` means; None when there is none.

        ``near``: the folder of the annotation file; ``split``: what the annotation file is for. Both decide between
        pictures that fit equally well; raises Ambiguous where they do not.
        """
        for spelling in dict.fromkeys((given, unquote(given))):
            parts = _parts(spelling)
            if not parts:
                continue
            if (direct := "/".join((*_parts(near), *parts))) in self.files:
                return direct
            if candidates := self._by_name.get(_folded(parts[-1])):
                return _best(candidates, parts, near, split)
        return None

    def find_stem(self, stem: str, near: str = "", split: str | None = None) -> str | None:
        """Like :meth:`find`, for a path without its suffix. Raises Ambiguous, also for two suffixes."""
        parts = _parts(stem)
        if not parts or not (candidates := self._by_stem.get(_folded(parts[-1]))):
            return None
        return _best(candidates, parts, near, split)

    def named_like(self, path: str) -> list[str]:
        """Pictures anywhere whose names are that of ``path`` but for the suffix."""
        return self._by_stem.get(_folded(PurePosixPath(path).stem), [])

    def siblings(self, path: str) -> list[str]:
        """Pictures in the same folder whose names differ from that of ``path`` by their suffix only."""
        name = _folded(path.rsplit("/", 1)[-1]).rsplit(".", 1)[0]
        folder = PurePosixPath(path).parent
        return [other for other in self._by_stem[name] if other != path and PurePosixPath(other).parent == folder]


def _parts(path: str) -> tuple[str, ...]:
    """Parts of a path of any system, without drive and dots."""
    parts = path.replace("\\", "/").split("/")
    return tuple(part for part in parts if part and part not in (".", "..") and not part.endswith(":"))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _best(candidates: Iterable[str], wanted: tuple[str, ...], near: str, split: str | None) -> str:
    near_parts = _parts(near)
    ranked = sorted((_rank(PurePosixPath(path).parts, path, wanted, near_parts, split), path) for path in candidates)
    if len(ranked) > 1 and ranked[-1][0] == ranked[-2][0]:
        raise Ambiguous(ranked[-1][1])
    return ranked[-1][1]


def _rank(
    parts: tuple[str, ...], path: str, wanted: tuple[str, ...], near: tuple[str, ...], split: str | None
) -> tuple[int, bool, int, bool]:
    return (
        _agreeing(zip(reversed(parts[:-1]), reversed(wanted[:-1]), strict=False)),
        split is not None and split_of(path) == split,
        _agreeing(zip(parts, near, strict=False)),
        parts[-1].startswith(wanted[-1]),  # where names differ by case only
    )


def _agreeing(pairs: Iterable[tuple[str, str]]) -> int:
    count = 0
    for one, other in pairs:
        if _folded(one) != _folded(other):
            break
        count += 1
    return count
