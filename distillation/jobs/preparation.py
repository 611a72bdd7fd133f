"""Before an engine starts: the run directory, a fresh start, the frozen spec, the disk."""

from __future__ import annotations

import os
import shutil

from django.db import transaction

from distillation.contract.run_dir import RunDir
from distillation.contract.spec import RunSpec
from distillation.models import TrainingTask
from distillation.services import event_positions, history, points, resource_samples, task_log
from distillation.services.disk_space import claim_disk
from distillation.services.run_spec import build_spec


def prepare(task: TrainingTask, run: RunDir, *, threads: int, device: str) -> RunSpec:
    """Make the run directory ready and return its spec. Raises Refused and OSError.

    The spec is written once; later attempts continue with the same one, whatever the row says by then.
    """
    if task.fresh:
        _begin_afresh(task, run)
    run.root.mkdir(parents=True, exist_ok=True)
    if run.spec.exists():
        spec = RunSpec.from_json(run.spec.read_text(encoding="utf-8"))
    else:
        spec = build_spec(task, threads=threads, device=device)
    claim_disk(spec)
    if not run.spec.exists():
        draft = run.spec.with_suffix(".tmp")
        with draft.open("w", encoding="utf-8") as file:
            file.write(spec.to_json())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(run.spec)
    return spec


def _begin_afresh(task: TrainingTask, run: RunDir) -> None:
    """Put the old run aside in one rename, so that a crash in between leaves no half of it."""
    aside = run.root.with_name(f".{run.root.name}-{task.attempt}")
    if run.root.exists():
        run.root.rename(aside)
    with transaction.atomic():
        for written in (history, points, task_log, resource_samples, event_positions):
            written.forget(task)
        TrainingTask.objects.filter(pk=task.pk).update(fresh=False)
    task.fresh = False
    shutil.rmtree(aside, ignore_errors=True)
