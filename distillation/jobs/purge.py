"""Files that nobody needs any more: directories of deleted tasks and labelling jobs, and caches that no run refers to.

Only folders that this program made are touched, each known by its name and place; links are neither followed nor
removed. Nothing is purged while a run is active: an engine may be reading what looks unused.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from distillation.contract.cache_keys import ADAPTERS, PICTURES, TEACHER
from distillation.contract.run_dir import RunDir
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.jobs.launcher import LocalLauncher
from distillation.models import Executor, InferenceJob, JobStatus, TaskStatus, TrainingTask
from distillation.services import cache_references
from distillation.storage import cache
from distillation.storage.local import INFERENCE, TRIALS, folders, home, size_of

YOUNG_SECONDS = 24 * 3600.0
"""A cache entry that was written so lately may belong to a run that has not said so yet."""
_UNUSED = {
    PICTURES: gettext_noop("pictures that no run refers to"),
    TEACHER: gettext_noop("a teacher's outputs that no run refers to"),
    ADAPTERS: gettext_noop("a teacher's adapter that no run refers to"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A folder that may go."""

    path: Path
    bytes: int
    why: Sentence


def plan() -> list[Entry]:
    """What may go, runs first. Raises Refused while a run is active."""
    require_quiet()
    return [*_runs(), *_jobs(), *_caches()]


def free(entry: Entry) -> bool:
    """Remove the folder; False when it is in use or could not be removed whole. Raises Refused."""
    require_quiet()
    if entry.path.is_relative_to(home() / "cache"):
        return cache.remove(entry.path)
    try:
        lock = os.open(entry.path / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(entry.path)  # does not follow links
        finally:
            os.close(lock)
    except OSError:
        return False
    return True


def require_quiet() -> None:
    """Let pass when no run of this platform is active. Raises Refused."""
    running = TrainingTask.objects.filter(status=TaskStatus.RUNNING, executor=Executor.PLATFORM).first()
    labelling = InferenceJob.objects.filter(status=JobStatus.RUNNING).first()
    name = running.task_id if running else labelling.inference_id if labelling else next(_busy(), None)
    if name is not None:
        raise Refused(
            Sentence(
                gettext_noop("{task} is running, and may read what looks unused. Stop it or wait for its end first."),
                {"task": name},
            )
        )


def _busy() -> Iterator[str]:
    """Run directories in which an engine still works, whatever their task's row says."""
    launcher = LocalLauncher()
    own = [*folders(Path(settings.RUNS_ROOT)), *folders(home() / INFERENCE), *folders(home() / TRIALS)]
    return (folder.name for folder in own if launcher.busy(RunDir(folder)))


def _runs() -> Iterator[Entry]:
    deleted = set(TrainingTask.objects.filter(del_flag=1).values_list("task_id", flat=True))
    needed = _needed_runs()
    for folder in folders(Path(settings.RUNS_ROOT)):
        if folder.name in deleted and folder.name not in needed:
            yield _entry(folder, Sentence(gettext_noop("its task is deleted")))
        elif folder.name.startswith("."):
            yield _entry(folder, Sentence(gettext_noop("left over by a start afresh")))


def _jobs() -> Iterator[Entry]:
    """Of a labelling job only its own notes; what it wrote for people lies elsewhere and stays."""
    deleted = set(InferenceJob.objects.filter(del_flag=1).values_list("inference_id", flat=True))
    for folder in folders(home() / INFERENCE):
        if folder.name in deleted:
            yield _entry(folder, Sentence(gettext_noop("its labelling job is deleted")))


def _needed_runs() -> set[str]:
    """Runs of deleted tasks whose model others use, or still learn from."""
    alive = TrainingTask.objects.alive()
    paths = alive.filter(model_path__startswith="runs/").values_list("model_path", flat=True)
    teachers = alive.exclude(status=TaskStatus.COMPLETED).values_list("teacher_model", flat=True)
    return {(path or "").split("/")[1] for path in paths} | set(teachers)


def _caches() -> Iterator[Entry]:
    references = cache_references.of_living()
    for entry in cache.entries():
        if not (entry.pinned or references.tasks(entry)) and _old(entry.path):
            yield Entry(entry.path, entry.bytes, Sentence(_UNUSED[entry.kind]))


def _entry(folder: Path, why: Sentence) -> Entry:
    return Entry(folder, size_of(folder), why)


def _old(folder: Path) -> bool:
    newest = max((path.lstat().st_mtime for path in [folder, *folder.iterdir()]), default=0.0)
    return time.time() - newest > YOUNG_SECONDS
