"""What training needs: a worker, data sets, models that can be used, and the engine's packages."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from distillation import selectors
from distillation.datasets.catalogue import list_datasets
from distillation.management.doctor.finding import Finding, none, ok, problem
from distillation.models import Executor, TaskStatus, TrainingTask

ENGINE_PACKAGES = ("torch", "transformers", "safetensors", "numpy", "PIL")
IMPORT_SECONDS = 180
MOST = 20
"""More models than these are counted, not listed."""


def worker() -> Finding:
    """Whether queued tasks will be trained."""
    try:
        newest = selectors.newest_worker()
        alive = selectors.worker_seen()
        queued = TrainingTask.objects.queued().count()
    except DatabaseError:
        return problem("Worker", "unknown", "The table of workers cannot be read.", "See the lines above.")
    waiting = f"; {queued} tasks wait" if queued else ""
    if newest is None or not alive:
        silent = int(selectors.WORKER_SILENCE.total_seconds())
        seen = f"none seen since {timezone.localtime(newest.seen_at):%Y-%m-%d %H:%M:%S}" if newest else "none is known"
        return problem(
            "Worker",
            seen + waiting,
            f"No worker has given a sign of life for {silent} s, so queued tasks stay queued.",
            "Start one: manage.py run_worker (make run and make demo start one beside web).",
        )
    return ok("Worker", f"{newest.name}, {newest.slots} slots{waiting}")


def datasets() -> Iterator[Finding]:
    """Each data set with what stands in its way."""
    root = Path(settings.DATASETS_ROOT)
    found = list_datasets(root)
    if not found:
        yield none("Data sets", f"none below {root}", "manage.py create_demo_datasets makes two; see docs/data.md")
    for one in found:
        check = f"Data set {one.id}"
        counts = f"{len(one.classes)} classes, {one.train} train, {one.val} val, {one.unlabeled} unlabelled"
        if one.usable:
            yield ok(check, counts)
        else:
            causes = " ".join(sentence.english() for sentence in one.problems)
            yield problem(check, counts, causes, "Correct the folder (docs/data.md) or remove it.")


def models() -> Iterator[Finding]:
    """Completed models that the picker leaves out, and why; samples are left out on purpose."""
    try:
        tasks = list(
            TrainingTask.objects.alive()
            .filter(status=TaskStatus.COMPLETED)
            .exclude(executor=Executor.SAMPLE)
            .newest_first()[: MOST + 1]
        )
        samples = TrainingTask.objects.alive().filter(executor=Executor.SAMPLE).count()
    except DatabaseError:
        yield problem("Models", "unknown", "The table of tasks cannot be read.", "See the lines above.")
        return
    unusable = [(task, reason) for task in tasks if (reason := selectors.usable(task)) is not None]
    more = "more than " if len(tasks) > MOST else ""
    aside = f"; {samples} samples, which never have a model" if samples else ""
    yield ok("Models", f"{more}{len(tasks[:MOST]) - len(unusable)} completed and usable{aside}")
    for task, reason in unusable:
        yield problem(
            f"Model {task.task_id}",
            f"{task.task_name} is not in the picker",
            reason.english(),
            "Bring the file back below DISTILLATION_HOME, or start a clone of the task.",
        )


def engine() -> Finding:
    """Whether the engine can start. A process of its own imports its packages; this one must not."""
    program = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    module = importlib.import_module(name)\n"
        "    print(name, getattr(module, '__version__', '?'))\n"
    )
    command = [sys.executable, "-c", program, *ENGINE_PACKAGES]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=IMPORT_SECONDS)
    except subprocess.TimeoutExpired:
        return problem("Engine", f"its packages took longer than {IMPORT_SECONDS} s", "The disk is very slow.", "Wait.")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        return problem(
            "Engine",
            last[:300],
            "A package that training needs cannot be imported.",
            "Install again: rm .venv/.requirements-sha256 && make setup",
        )
    return ok("Engine", ", ".join(done.stdout.split("\n")).rstrip(", "))


def checks() -> Iterator[Finding]:
    """Everything about training."""
    yield worker()
    yield from datasets()
    yield from models()
    yield engine()
