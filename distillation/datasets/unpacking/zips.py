"""Zip files: names of any origin, each entry judged before a byte of it is unpacked."""

from __future__ import annotations

import stat
import zipfile
import zlib
from lzma import LZMAError
from pathlib import Path

from distillation.contract.sentence import gettext_noop
from distillation.datasets.unpacking import limits, names
from distillation.datasets.unpacking.limits import Limits
from distillation.datasets.unpacking.target import Target

ENCRYPTED, UTF8 = 0x1, 0x800
"""Bits of an entry's flags."""
_UNIX, _MACOS = 3, 19
"""Of ``create_system``: who wrote the entry, and so how its name is encoded and what its attributes mean."""
_DAMAGED = (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, OSError)


def unpack(archive: Path, target: Target) -> None:
    """Unpack every entry. Raises Refused, OSError when the disk is full, and MemoryError."""
    try:
        file = zipfile.ZipFile(archive)
    except (zipfile.BadZipFile, NotImplementedError, UnicodeError, ValueError) as error:
        raise limits.damaged(archive.name) from error
    with file:
        entries = file.infolist()
        if len(entries) > target.limits.entries:
            raise limits.too_many(target.limits)
        named = list(zip(entries, _names(entries), strict=True))
        _judge(named, target.limits)
        for entry, name in named:
            if found := target.wanted(name):
                _one(file, entry, name, found, target)


def unpacked_bytes(archive: Path) -> int:
    """What the entries say they unpack to; 0 for what is no zip."""
    try:
        with zipfile.ZipFile(archive) as file:
            return sum(entry.file_size for entry in file.infolist())
    except (zipfile.BadZipFile, NotImplementedError, UnicodeError, ValueError):
        return 0


def _one(file: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, found: tuple[str, ...], target: Target) -> None:
    if name.endswith(("/", "\\")):
        target.folder(found, name)
        return
    try:
        source = file.open(entry)
    except NotImplementedError as error:
        raise limits.refused(
            gettext_noop(
                "The entry {entry} of the archive is packed in a way that is not read here. Pack it again as a plain "
                "zip (deflate)."
            ),
            name,
        ) from error
    except (*_DAMAGED, RuntimeError) as error:
        raise limits.damaged(name) from error
    with source:
        try:
            target.file(found, name, source, entry.file_size)
        except (zipfile.BadZipFile, zlib.error, LZMAError, EOFError) as error:
            raise limits.damaged(name) from error


def _judge(named: list[tuple[zipfile.ZipInfo, str]], allowed: Limits) -> None:
    """Raise Refused for the first entry that is not to be unpacked, before anything is."""
    total = 0
    for entry, name in named:
        if entry.flag_bits & ENCRYPTED:
            raise limits.refused(
                gettext_noop(
                    "The entry {entry} of the archive is encrypted. Pack the data set again without a password."
                ),
                name,
            )
        kind = stat.S_IFMT(entry.external_attr >> 16) if entry.create_system in (_UNIX, _MACOS) else 0
        if kind == stat.S_IFLNK:
            raise limits.link(name)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise limits.device(name)
        if limits.is_bomb(entry.compress_size, entry.file_size):
            raise limits.bomb(name)
        total += entry.file_size
        if total > allowed.bytes:
            raise limits.too_large(allowed, name)


def _names(entries: list[zipfile.ZipInfo]) -> list[str]:
    """The names as they were meant: ``zipfile`` reads those without the UTF-8 flag as code page 437."""
    unflagged = [entry for entry in entries if not entry.flag_bits & UTF8]
    windows = all(entry.create_system not in (_UNIX, _MACOS) for entry in unflagged)
    found = names.decoded((entry.orig_filename.encode("cp437") for entry in unflagged), windows=windows)
    if found is None:
        return [entry.orig_filename for entry in entries]
    meant = iter(found)
    return [entry.orig_filename if entry.flag_bits & UTF8 else next(meant) for entry in entries]
