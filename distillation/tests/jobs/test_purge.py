"""Only what deleted tasks left goes, no link is followed, and nothing goes while a run is active."""

from __future__ import annotations

import fcntl
import json
import os
import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from distillation.contract.cache_keys import picture_key
from distillation.datasets.pictures import READER_VERSION
from distillation.models import TrainingTask
from distillation.storage.local import run_dir
from distillation.tests.cached import DAY, cached
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


def with_files(**fields) -> TrainingTask:
    task = TaskFactory(**fields)
    root = run_dir(task.task_id).artifacts
    root.mkdir(parents=True)
    (root / "model.safetensors").write_bytes(b"x" * 1000)
    return task


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("purge", *arguments, stdout=out)
    return out.getvalue()


def exists(task: TrainingTask) -> bool:
    return run_dir(task.task_id).root.exists()


def test_it_says_what_it_would_free_and_frees_it_with_yes():
    gone, stays = with_files(del_flag=1), with_files(status="COMPLETED")
    said = run()
    assert f"runs/{gone.task_id}: 1000 bytes, its task is deleted" in said
    assert "1 folders, 1000 bytes would be freed" in said
    assert exists(gone)
    assert "1 folders removed, 1000 bytes freed" in run("--yes")
    assert not exists(gone)
    assert exists(stays)
    assert "0 folders removed" in run("--yes")


def test_a_run_that_is_active_is_waited_for():
    gone = with_files(del_flag=1)
    running = TaskFactory(status="RUNNING")
    for arguments in ([], ["--yes"]):
        with pytest.raises(CommandError, match=running.task_id):
            run(*arguments)
    assert exists(gone)


def test_a_script_elsewhere_does_not_stand_in_the_way():
    with_files(del_flag=1)
    TaskFactory(status="RUNNING", executor="external")
    assert "1 folders removed" in run("--yes")


def test_an_engine_that_still_writes_is_an_active_run():
    gone = with_files(del_flag=1, status="STOPPED")
    with run_dir(gone.task_id).lock.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(CommandError, match=gone.task_id):
            run("--yes")
    assert exists(gone)


def test_links_are_not_followed(home, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x" * 5000)
    gone = with_files(del_flag=1)
    (run_dir(gone.task_id).root / "link").symlink_to(outside)
    linked = TaskFactory(del_flag=1)
    run_dir(linked.task_id).root.symlink_to(outside)
    assert "1 folders removed" in run("--yes")
    assert (outside / "precious").exists()
    assert run_dir(linked.task_id).root.is_symlink()


@pytest.mark.parametrize("task_id", ["..", ".", "../models", "/etc", ""])
def test_ids_that_are_paths_lead_nowhere(home, task_id):
    TaskFactory(task_id=task_id, del_flag=1)
    (home / "models" / "mine").mkdir()
    assert "0 folders removed" in run("--yes")
    assert (home / "models" / "mine").exists()


def test_folders_without_a_task_are_left_alone_but_leftovers_go(home):
    (home / "runs" / "something").mkdir()
    (home / "runs" / ".TASK_1-3").mkdir()
    run("--yes")
    assert [path.name for path in (home / "runs").iterdir()] == ["something"]


def test_a_model_that_others_use_or_learn_from_stays():
    bound, teacher, former = (with_files(del_flag=1) for _ in range(3))
    TaskFactory(status="COMPLETED", model_path=f"runs/{bound.task_id}/artifacts/model.safetensors")
    TaskFactory(status="PAUSED", teacher_model=teacher.task_id)
    TaskFactory(status="COMPLETED", teacher_model=former.task_id)
    run("--yes")
    assert [exists(task) for task in (bound, teacher, former)] == [True, True, False]


# Caches


def pack_of(digest: str) -> str:
    return picture_key(READER_VERSION, digest, 8, 3, "detection")


def refers(task: TrainingTask, *, digest="d", size=8, channels=3, teacher="t") -> None:
    run = run_dir(task.task_id)
    run.data.write_text(json.dumps({"digest": digest, "channels": channels}))
    run.spec.write_text(json.dumps({"task_type": "detection", "student": {"image_size": size}}))
    (run.checkpoints / "student").mkdir(parents=True)
    (run.checkpoints / "student" / "last-1.json").write_text(json.dumps({"teacher_checksum": teacher}))
    (run.checkpoints / "teacher").mkdir()
    (run.checkpoints / "teacher" / "adapter.json").write_text(json.dumps({"adapter_checksum": f"adapter of {teacher}"}))


def test_caches_that_no_living_task_refers_to_go(home):
    living, deleted = with_files(status="COMPLETED"), with_files(del_flag=1)
    refers(living)
    refers(deleted, digest="other", teacher="other")
    kept = [cached(home, "pictures", pack_of("d")), cached(home, "teacher", "k1", sha256="t")]
    kept.append(cached(home, "teacher", "k4", sha256="pinned", pinned=True))
    kept.append(cached(home, "adapters", "k5", sha256="adapter of t"))
    unused = [cached(home, "pictures", pack_of("other")), cached(home, "teacher", "k2", sha256="other")]
    unused.append(cached(home, "adapters", "k6", sha256="adapter of other"))
    young = cached(home, "teacher", "k3", age=0, sha256="new")
    run("--yes")
    assert all(folder.exists() for folder in (*kept, young))
    assert not any(folder.exists() for folder in unused)


def test_a_cache_on_another_disk_is_left_alone(home, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "key").mkdir(parents=True)
    (home / "cache").mkdir()
    (home / "cache" / "pictures").symlink_to(elsewhere)
    run("--yes")
    assert (elsewhere / "key").exists()


def test_a_cache_that_is_in_use_stays(home):
    folder = cached(home, "teacher", "k", sha256="x")
    with (folder / "lock").open("wb") as lock:
        os.utime(folder / "lock", (time.time() - 2 * DAY,) * 2)
        os.utime(folder, (time.time() - 2 * DAY,) * 2)
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "IN USE" in run("--yes")
    assert folder.exists()
