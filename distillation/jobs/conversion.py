"""Turning ``model.pt`` into ``model.safetensors`` beside it, by a short engine process.

The engine sees two descriptors, the original and a new file, and no path. The new file gets its name in one step and
only if nothing has that name; a conversion that dies leaves at most a hidden draft, which the next one removes.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from distillation.contract import exit_codes
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.jobs.launcher import environment
from distillation.services import model_files
from distillation.storage.local import home
from distillation.storage.model_formats import safetensors_metadata
from distillation.storage.opening import NotAFile, OpenFile, Outside, open_inside

SOURCE = "converted_from_sha256"
"""The entry in the new file's header that says which file it was made from."""


def converted(file: OpenFile, digest: str, until: float) -> Path:
    """The safetensors file made from ``file`` (whose SHA-256 is ``digest``), made now unless it is there already.

    Raises InvalidRequest for a file that cannot be converted and for a foreign file of that name.
    """
    target = file.path.with_suffix(model_files.SAFETENSORS)
    with _one_at_a_time():
        if os.path.lexists(target):
            if not _made_from(target, digest):
                raise model_files.wrong(
                    gettext_noop(
                        "{path} cannot be converted: a file {target} that was not made from it lies beside it and is "
                        "not overwritten. Bind that one, or move it away."
                    ),
                    file.path,
                    target=target.name,
                )
            return target
        with _draft(file, target.name) as draft:
            _convert(file, draft, digest, until)
            model_files.require_unchanged(file)
            os.fsync(draft)
            os.link(_draft_name(target.name), target.name, src_dir_fd=file.folder, dst_dir_fd=file.folder)
            os.fsync(file.folder)
    return target


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Conversions take memory and share the draft's name: one at a time on this machine."""
    cache = home() / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "conversion.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _made_from(target: Path, digest: str) -> bool:
    try:
        with open_inside(target, Path(settings.MODELS_ROOT)) as file:
            return safetensors_metadata(file).get(SOURCE) == digest
    except (Outside, NotAFile, OSError, Refused):
        return False


def _draft_name(name: str) -> str:
    return f".{name}.tmp"


@contextlib.contextmanager
def _draft(file: OpenFile, name: str) -> Iterator[int]:
    """A new file in the same folder that vanishes afterwards. Raises InvalidRequest where none can be made."""
    draft = _draft_name(name)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=file.folder)  # of a conversion that was killed; it may still hold it open
        descriptor = os.open(
            draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=file.folder
        )
        try:
            yield descriptor
        finally:
            os.close(descriptor)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(draft, dir_fd=file.folder)
    except OSError as error:
        raise model_files.wrong(
            gettext_noop("{path} cannot be converted: no file can be written beside it ({error})."),
            file.path,
            error=error.strerror or "–",
        ) from error


def _convert(file: OpenFile, draft: int, digest: str, until: float) -> None:
    """Run the engine. Raises InvalidRequest with what it says."""
    os.lseek(file.descriptor, 0, os.SEEK_SET)
    process = subprocess.Popen(
        [sys.executable, "-m", "distillation.engine", "convert", "--json", "--source-sha256", digest],
        stdin=file.descriptor,
        stdout=draft,
        stderr=subprocess.PIPE,
        cwd=settings.BASE_DIR,
        env=environment(()),
        start_new_session=True,
    )
    try:
        _, said = process.communicate(timeout=max(1.0, until - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.communicate()
        raise model_files.wrong(
            gettext_noop("{path} could not be converted in time. Convert it by hand; docs/models.md shows how."),
            file.path,
        ) from error
    if process.returncode != exit_codes.COMPLETED:
        raise InvalidRequest([Problem(model_files.FIELD, _sentence(said, process.returncode))])


def _sentence(said: bytes, code: int) -> Sentence:
    """The engine's last line; a process that was ended from outside has said nothing."""
    try:
        return Sentence.from_json(json.loads(said.splitlines()[-1]))
    except (ValueError, IndexError, KeyError, TypeError):
        return Sentence(
            gettext_noop(
                "The conversion ended with code {code}; out of memory is the usual reason. Convert the file where "
                "there is more; docs/models.md shows how."
            ),
            {"code": code},
        )
