"""The names of entries: in which encoding they are written, and where below the target they may lead."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from distillation.contract.sentence import gettext_noop
from distillation.datasets.unpacking.limits import refused

JUNK_FOLDERS = frozenset({"__macosx", "@eadir", ".git", ".svn"})
JUNK_FILES = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
MOST_BYTES, MOST_PARTS = 255, 32
"""Of one name, as file systems take it; and folders within each other."""
_DRIVE = re.compile(r"^[A-Za-z]:")


def decoded(names: Iterable[bytes], *, windows: bool) -> list[str] | None:
    """Names without a stated encoding: from Windows GBK, else UTF-8; from elsewhere UTF-8, else GBK.

    All in the first encoding that every name is written in, since a short name alone can be read in either. None when
    it is neither.
    """
    raw = list(names)
    for encoding in ("gb18030", "utf-8") if windows else ("utf-8", "gb18030"):
        try:
            return [name.decode(encoding) for name in raw]
        except UnicodeDecodeError:
            continue
    return None


def parts(entry: str) -> tuple[str, ...]:
    """The folders and the name of an entry; none for the top itself. Raises Refused for what leads elsewhere."""
    name = entry.replace("\\", "/")  # as some tools on Windows write it
    if name.startswith("/") or _DRIVE.match(name):
        raise refused(
            gettext_noop(
                "The entry {entry} of the archive has an absolute name. Pack the folder with names relative to it."
            ),
            entry,
        )
    found = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in found:
        raise refused(
            gettext_noop(
                "The entry {entry} of the archive leads out of it ('..'). Pack the data set again without it."
            ),
            entry,
        )
    if len(found) > MOST_PARTS or any(len(part.encode("utf-8", "surrogatepass")) > MOST_BYTES for part in found):
        raise refused(
            gettext_noop(
                "The entry {entry} of the archive has a name of more than {bytes} bytes or lies more than {parts} "
                "folders deep. Shorten it."
            ),
            entry,
            bytes=MOST_BYTES,
            parts=MOST_PARTS,
        )
    if any(unicodedata.category(char) in ("Cc", "Cs") for part in found for char in part):
        raise refused(
            gettext_noop(
                "The entry {entry} of the archive has a name with characters that no file can have. Rename it."
            ),
            "".join(char if unicodedata.category(char) not in ("Cc", "Cs") else "?" for char in entry),
        )
    return found


def is_junk(found: tuple[str, ...]) -> bool:
    """What systems put beside people's files, and what is no part of a data set."""
    low = [part.lower() for part in found]
    if not JUNK_FOLDERS.isdisjoint(low):
        return True
    return bool(low) and (low[-1] in JUNK_FILES or low[-1].startswith("._"))
