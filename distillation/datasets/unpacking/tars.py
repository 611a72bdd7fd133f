"""Tar files, plain or packed by gzip, read once from front to back: nothing is known of an entry before its turn."""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path
from typing import Self

from distillation.contract.sentence import gettext_noop
from distillation.datasets.unpacking import limits, names
from distillation.datasets.unpacking.target import Target

_DAMAGED = (tarfile.TarError, zlib.error, EOFError, UnicodeError, ValueError)


class _Strict(tarfile.TarInfo):
    """A damaged or missing header is an error; ``tarfile`` takes it for the end, so half an archive for a whole one."""

    @classmethod
    def fromtarfile(cls, file: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(file)
        except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError, tarfile.EmptyHeaderError) as error:  # type: ignore[attr-defined]
            raise ValueError(str(error)) from error


def unpack(archive: Path, target: Target, *, packed: bool) -> None:
    """Unpack every entry; ``packed``: by gzip. Raises Refused, OSError when the disk is full, and MemoryError."""
    name, size = archive.name, archive.stat().st_size
    try:
        with tarfile.open(archive, "r|gz" if packed else "r|", tarinfo=_Strict) as file:
            while (member := file.next()) is not None:
                name = _name(member)
                _one(file, member, name, target)
                if limits.is_bomb(size, target.unpacked):
                    raise limits.bomb(name)
                file.members.clear()  # type: ignore[attr-defined]  # else all of them stay in memory
    except _DAMAGED as error:
        raise limits.damaged(name) from error


def is_tar(archive: Path, *, packed: bool) -> bool:
    """Whether the file begins as one."""
    try:
        with tarfile.open(archive, "r|gz" if packed else "r|"):
            return True
    except (*_DAMAGED, OSError):
        return False


def _one(file: tarfile.TarFile, member: tarfile.TarInfo, name: str, target: Target) -> None:
    _judge(member, name)
    if target.unpacked + member.size > target.limits.bytes:
        raise limits.too_large(target.limits, name)
    found = target.wanted(name)
    if not found:
        target.unpacked += member.size  # left out, but it is read all the same
    elif member.isdir():
        target.folder(found, name)
    elif source := file.extractfile(member):
        target.file(found, name, source, member.size)


def _judge(member: tarfile.TarInfo, name: str) -> None:
    if member.issym() or member.islnk():
        raise limits.link(name)
    if member.issparse() or any(key.startswith("GNU.sparse") for key in member.pax_headers):
        raise limits.refused(
            gettext_noop(
                "The entry {entry} of the archive is a sparse file, which states a size that it does not have. Pack it "
                "without --sparse."
            ),
            name,
        )
    if not (member.isreg() or member.isdir()):
        raise limits.device(name)


def _name(member: tarfile.TarInfo) -> str:
    """A name is bytes of no stated encoding: UTF-8, else GBK."""
    found = names.decoded([member.name.encode("utf-8", "surrogateescape")], windows=False)
    return found[0] if found else member.name
