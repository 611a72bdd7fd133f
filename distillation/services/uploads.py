"""Archives that come from browsers: in pieces, straight to a file below the home, until a person keeps or drops them.

A draft is a folder of its own that only its owner sees. Nothing of it is in the data set root but a hidden folder,
which ``keep`` renames; what nobody keeps is removed by ``tidy``.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

from django.conf import settings

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.archives import AROUND, require_disk
from distillation.datasets.survey.report import FILE as REPORT
from distillation.selectors import Rights
from distillation.services import background
from distillation.storage.drafts import ABOUT, ARCHIVE, HIDDEN, UPLOADS, unpacked_dir, upload_dir
from distillation.storage.local import folders, home, json_object

MOST_DRAFTS = 5
"""Of one person; each may be as large as the limit."""
IDLE_SECONDS, DROPPED_SECONDS = 24 * 3600.0, 3600.0
"""After which a draft goes: one that nobody touches, and one that was thrown away."""
PIECE = 1 << 20
_KEY = re.compile(r"[0-9a-f]{32}")


class OutOfStep(Exception):  # noqa: N818 - an answer: another tab, or a piece that came twice
    """A piece does not follow what is there; the sender goes on from ``received``."""

    def __init__(self, received: int) -> None:
        super().__init__(received)
        self.received = received


@dataclass(frozen=True, slots=True)
class Draft:
    """One upload."""

    key: str
    owner: str
    file_name: str
    size: int
    """Bytes of the whole archive."""
    stamp: str
    """What the browser says of its last change, so that the same file is known again."""
    begun: float
    """Seconds since 1970."""
    dropped: bool
    """Thrown away; it can be taken back until it is tidied up."""

    @property
    def folder(self) -> Path:
        """Where the archive and what is known of it lie."""
        return upload_dir(self.key)

    @property
    def root(self) -> Path:
        """Where it is unpacked."""
        return unpacked_dir(self.key)

    @property
    def received(self) -> int:
        """Bytes that have come; all of them once the archive was unpacked and removed."""
        try:
            return (self.folder / ARCHIVE).stat().st_size
        except FileNotFoundError:
            return self.size if self.root.is_dir() or (self.folder / REPORT).is_file() else 0

    @property
    def whole(self) -> bool:
        """Whether all of it has come."""
        return self.received >= self.size


def begin(file_name: str, size: int, stamp: str, by: Rights) -> Draft:
    """Make room for an archive; one of the same name, size and time (``stamp``) that has not come whole goes on.

    Raises Refused when it is too large, when the disk is full, or when too many others wait.
    """
    if (before := _unfinished(_cleaned(file_name), size, stamp, by)) is not None:
        return before
    limit = settings.DISTILLATION_UPLOAD_LIMIT_MB
    if not 0 < size <= limit * 10**6:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The archive has {size} MB; the limit is {limit} MB (DISTILLATION_UPLOAD_LIMIT_MB). Split it, or "
                    "copy the folder below the data set root and register it there."
                )
                if size > 0
                else gettext_noop("The file is empty. Choose an archive with the data set."),
                {"size": -(-size // 10**6), "limit": limit},
            )
        )
    if len([draft for draft in drafts_of(by.username) if not draft.dropped]) >= MOST_DRAFTS:
        raise Refused(
            Sentence(
                gettext_noop("{count} of your uploads wait to be kept or thrown away. Decide about one of them first."),
                {"count": MOST_DRAFTS},
            )
        )
    (home() / UPLOADS).mkdir(parents=True, exist_ok=True)
    Path(settings.DATASETS_ROOT).mkdir(parents=True, exist_ok=True)
    require_disk(home() / UPLOADS, 2 * size)  # the archive, and at least as much unpacked
    draft = Draft(secrets.token_hex(16), by.username, _cleaned(file_name), size, stamp, time.time(), dropped=False)
    draft.folder.mkdir()
    (draft.folder / ARCHIVE).touch()
    _write(draft)
    return draft


def append(draft: Draft, offset: int, piece: IO[bytes]) -> int:
    """Add a piece that begins at ``offset``; the bytes that are there now. Raises OutOfStep, and Refused."""
    try:
        file = os.fdopen(os.open(draft.folder / ARCHIVE, os.O_RDWR | os.O_NOFOLLOW), "r+b")
    except FileNotFoundError as error:
        raise OutOfStep(draft.received) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # another tab may be sending the same
        except BlockingIOError as error:
            raise OutOfStep(draft.received) from error
        received = file.seek(0, os.SEEK_END)
        if offset != received or received >= draft.size:
            raise OutOfStep(received)
        try:
            while part := piece.read(min(PIECE, draft.size - received + 1)):
                if received + len(part) > draft.size:
                    raise Refused(_longer(draft))
                file.write(part)
                received += len(part)
            file.flush()
        except OSError as error:
            file.truncate(offset)
            raise Refused(
                Sentence(
                    gettext_noop("The piece cannot be written ({error}). Free some space on the disk, then go on."),
                    {"error": str(error)},
                )
            ) from error
    return received


def find(key: str, by: Rights) -> Draft | None:
    """A person's own draft; None for everybody else, and for a key that means nothing."""
    draft = _read(key) if _KEY.fullmatch(key) else None
    return draft if draft is not None and by.owns(draft.owner) else None


def drafts_of(username: str) -> list[Draft]:
    """The person's drafts, the newest first."""
    return sorted((draft for draft in _all() if draft.owner == username), key=lambda draft: -draft.begun)


def drop(draft: Draft, *, back: bool = False) -> None:
    """Throw a draft away, or take it ``back``: the files stay until they are tidied up."""
    _write(replace(draft, dropped=not back))


def remove(draft: Draft) -> None:
    """Remove every trace for good."""
    shutil.rmtree(draft.root, ignore_errors=True)
    shutil.rmtree(draft.folder, ignore_errors=True)


def tidy(now: float | None = None) -> int:
    """Remove drafts that nobody touches and what is left over from cut-off ones; how many folders went."""
    now = time.time() if now is None else now
    gone = 0
    for folder in folders(home() / UPLOADS):
        draft = _read(folder.name) if _KEY.fullmatch(folder.name) else None
        patience = DROPPED_SECONDS if draft is not None and draft.dropped else IDLE_SECONDS
        if now - _touched(folder) > patience and not background.running(folder):
            shutil.rmtree(unpacked_dir(folder.name), ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
            gone += 1
    for folder in folders(Path(settings.DATASETS_ROOT)):
        key = folder.name.removeprefix(HIDDEN).removesuffix(AROUND)
        if folder.name.startswith(HIDDEN) and not upload_dir(key).is_dir():
            shutil.rmtree(folder, ignore_errors=True)
            gone += 1
    return gone


def _unfinished(file_name: str, size: int, stamp: str, by: Rights) -> Draft | None:
    same = (
        draft
        for draft in drafts_of(by.username)
        if (draft.file_name, draft.size, draft.stamp) == (file_name, size, stamp)
    )
    return next((draft for draft in same if stamp and not draft.dropped and not draft.whole), None)


def _all() -> Iterator[Draft]:
    return (draft for folder in folders(home() / UPLOADS) if (draft := _read(folder.name)) is not None)


def _read(key: str) -> Draft | None:
    about = json_object(upload_dir(key) / ABOUT)
    try:
        return Draft(**{**about, "key": key})
    except TypeError:
        return None


def _write(draft: Draft) -> None:
    new = draft.folder / f"{ABOUT}.new"
    new.write_text(json.dumps(asdict(draft)), "utf-8")
    new.replace(draft.folder / ABOUT)


def _touched(folder: Path) -> float:
    times = [0.0]
    for path in (folder, *folder.iterdir()):
        with contextlib.suppress(FileNotFoundError):
            times.append(path.lstat().st_mtime)
    return max(times)


def _cleaned(file_name: str) -> str:
    """The last part of what a browser calls the file, in characters that can be shown."""
    last = re.split(r"[/\\]", file_name)[-1]
    return (
        "".join(char for char in last.encode(errors="replace").decode() if char.isprintable()).strip()[:200]
        or "archive"
    )


def _longer(draft: Draft) -> Sentence:
    return Sentence(
        gettext_noop("More came than the {size} bytes that were announced. Choose the archive again."),
        {"size": draft.size},
    )
