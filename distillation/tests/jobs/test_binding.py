"""Binding a model from elsewhere: done at once, left to a process that outlives the request, or refused untouched."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from distillation import lifecycle, selectors
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.jobs import binding, conversion
from distillation.models import AuditEntry, TaskTransition, TrainingTask
from distillation.models.sentences import shown
from distillation.services import audit
from distillation.services.teachers import Teacher, find_teacher
from distillation.tests.factories import TaskFactory
from distillation.tests.jobs.platform import PROJECT, Platform
from distillation.tests.model_samples import HUGGINGFACE, onnx_bytes, tree, write_model
from distillation.tests.model_samples import said as text_of

WEIGHTS = torch.nn.Linear(4, 3).state_dict()


def transitions() -> list[tuple[str, str, str]]:
    return [(row.from_status, row.to_status, shown(row.reason)) for row in TaskTransition.objects.all()]


def teacher_of(task: TrainingTask) -> Teacher:
    teacher = find_teacher(task.task_id)
    assert teacher is not None
    return teacher


# At once


@pytest.mark.django_db
@pytest.mark.parametrize("executor", ["platform", "external"])
@pytest.mark.parametrize("status", ["PENDING", "STOPPED", "FAILED"])
def test_a_task_without_a_model_is_completed_with_it(home, status, executor):
    task = TaskFactory(status=status, executor=executor, error_message="old", error_detail="old", model_url="/old")
    file = write_model(home / "models" / "mine")
    binding.bind(task, "alice", "mine")
    row = TrainingTask.objects.get()
    assert (row.status, row.progress, row.model_path) == ("COMPLETED", 100, "models/mine/model.safetensors")
    assert row.model_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert row.model_url == f"/model-distillation/tasks/{row.task_id}/model"
    assert (row.error_message, row.error_detail) == (None, None)
    assert row.end_time is not None
    assert [move[:2] for move in transitions()] == [(status, "COMPLETED")]
    assert selectors.usable(row) is None
    assert selectors.model_of(row) == file


@pytest.mark.django_db
def test_a_completed_task_gets_another_model_and_nothing_else_changes(home):
    task = TaskFactory(
        status="COMPLETED", model_path="runs/T/m.safetensors", end_time="2026-01-31T04:00:00Z", accuracy=90
    )
    before = TrainingTask.objects.values().get()
    write_model(home / "models" / "mine")
    binding.bind(task, "alice", "mine")
    after = TrainingTask.objects.values().get()
    changed = {name for name, value in dict(before).items() if value != dict(after)[name]}
    assert changed == {"model_path", "model_sha256", "model_url", "progress", "update_by", "update_time"}


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["QUEUED", "RUNNING", "PAUSED"])
def test_a_task_that_may_still_train_is_refused_before_the_disk_is_looked_at(status):
    task = TaskFactory(status=status)
    with pytest.raises(Refused, match=f"is {status}"):
        binding.bind(task, "alice", "../../etc/passwd")


@pytest.mark.django_db
def test_samples_and_tasks_that_were_deleted_meanwhile_are_refused(home):
    write_model(home / "models" / "mine")
    with pytest.raises(Refused, match="sample"):
        binding.bind(TaskFactory(executor="sample"), "alice", "mine")
    task = TaskFactory()
    TrainingTask.objects.filter(pk=task.pk).update(del_flag=1)
    with pytest.raises(Refused):
        binding.bind(task, "alice", "mine")
    assert TrainingTask.objects.get(pk=task.pk).model_path is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    "named",
    ["../secret_key", "/etc/passwd", "gone.safetensors", "empty.safetensors", "pipe.safetensors", "cut.safetensors",
     "link.safetensors", "mine/config.json", "pickle.onnx", None, 5],
)  # fmt: skip
def test_a_refusal_leaves_row_log_and_disk_as_they_were(home, named):
    root = home / "models"
    cut = write_model(root / "mine").read_bytes()[:-1]
    (root / "empty.safetensors").touch()
    (root / "cut.safetensors").write_bytes(cut)
    (root / "pickle.onnx").write_bytes(b"\x80\x04N.")
    (root / "link.safetensors").symlink_to("/etc/passwd")
    os.mkfifo(root / "pipe.safetensors")
    task = TaskFactory(status="FAILED", error_message="why")
    row, disk = TrainingTask.objects.values().get(), tree(home)
    with pytest.raises(InvalidRequest) as caught:
        binding.bind(task, "alice", named)
    assert [problem.field for problem in caught.value.problems] == ["modelPath"]
    assert (TrainingTask.objects.values().get(), tree(home), transitions()) == (row, disk, [])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "config", "words"),
    [("model.safetensors", None, "No config.json"), ("other.safetensors", {}, "only model.safetensors")],
)
def test_a_model_that_nothing_can_load_is_bound_and_said_to_be_unusable(home, name, config, words):
    task = TaskFactory()
    write_model(home / "models" / "mine", config, name)
    answer = binding.bind(task, "alice", f"mine/{name}").english()
    assert "cannot be used yet" in answer
    assert words in answer
    assert words in text_of(selectors.usable(task))
    assert teacher_of(task).reason is not None


@pytest.mark.django_db
def test_an_onnx_model_is_bound_and_can_be_downloaded(home):
    (home / "models" / "student.onnx").write_bytes(onnx_bytes())
    task = TaskFactory()
    assert "ONNX" in binding.bind(task, "alice", "student.onnx").english()
    assert Path(str(selectors.model_of(task))).name == "student.onnx"


@pytest.mark.django_db
def test_bound_models_can_teach(home):
    ours, theirs = TaskFactory(), TaskFactory()
    write_model(home / "models" / "ours")
    write_model(home / "models" / "theirs", HUGGINGFACE)
    (home / "models" / "theirs" / "preprocessor_config.json").write_text("{}")
    binding.bind(ours, "alice", "ours")
    binding.bind(theirs, "alice", "theirs")
    spec = teacher_of(ours).spec()
    assert (spec.kind, spec.path, teacher_of(ours).classes) == ("task", "models/ours", ("0", "1"))
    spec = teacher_of(theirs).spec()
    assert (spec.kind, spec.path, teacher_of(theirs).classes) == (
        "huggingface",
        "models/theirs",
        ("cat", "dog"),
    )


@pytest.mark.django_db
def test_a_model_that_was_taken_away_is_said_to_be_gone(home):
    task = TaskFactory()
    file = write_model(home / "models" / "mine")
    binding.bind(task, "alice", "mine")
    file.unlink()
    assert "is not below the home" in text_of(selectors.usable(task))
    file.symlink_to("/etc/passwd")
    assert selectors.model_of(task) is None


@pytest.mark.django_db
def test_a_binding_by_a_person_is_audited(home):
    write_model(home / "models" / "mine")
    task = TaskFactory()
    token = audit.begin(audit.Origin("rest", "10.0.0.1", "r1"))
    try:
        binding.bind(task, "alice", "mine")
    finally:
        audit.end(token)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.verb, entry.object_id) == ("alice", "bind_model", task.task_id)
    assert (entry.after or {})["model_path"] == "models/mine/model.safetensors"


# In a process of its own

BIND = """
import json, sys, django; django.setup()
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.jobs import binding
from distillation.models import TrainingTask
binding.ANSWER_SECONDS, binding.HASH_SECONDS = float(sys.argv[3]), float(sys.argv[4])
try:
    said = binding.bind(TrainingTask.objects.get(task_id=sys.argv[1]), "alice", sys.argv[2])
    print(json.dumps(["done", said.english()]))
except InvalidRequest as invalid:
    print(json.dumps(["invalid", invalid.problems[0].sentence.english()]))
except Refused as refused:
    print(json.dumps(["refused", refused.sentence.english()]))
"""
"""What the web process does in a request; it ends right afterwards, as at a restart."""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    platform = Platform(tmp_path_factory.mktemp("binding"))
    platform.manage("migrate", "-v0")
    return platform


@pytest.fixture
def folder(installation: Platform, request: pytest.FixtureRequest) -> Path:
    path = installation.home / "models" / request.node.name.replace("[", "-").replace("]", "")
    path.mkdir(parents=True)
    return path


def new_task(installation: Platform, status: str = "PENDING") -> str:
    with sqlite3.connect(installation.home / "db.sqlite3", timeout=30) as connection:
        task_id = f"TASK_{os.urandom(4).hex().upper()}"
        connection.execute(
            "insert into md_training_task (task_id, task_name, teacher_model, student_model, status) "
            "values (?, 't', '', 'cnn-tiny', ?)",
            [task_id, status],
        )
    return task_id


def bind(installation: Platform, task_id: str, path: Path | str, answer: float = 60, hashing: float = 5) -> list[str]:
    name = path if isinstance(path, str) else path.relative_to(installation.home / "models").as_posix()
    command = [sys.executable, "-c", BIND, task_id, name, str(answer), str(hashing)]
    # The other process outlives this one and keeps its standard error: a pipe would make us wait for it.
    with (installation.home / "web.log").open("wb") as log:
        done = subprocess.run(
            command, env=installation.environment, cwd=PROJECT, stdout=subprocess.PIPE, stderr=log, timeout=100
        )
    assert done.returncode == 0, (installation.home / "web.log").read_text()
    return json.loads(done.stdout)


def until(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


class Evil:
    def __reduce__(self) -> Any:
        return os.system, ("touch /tmp/never",)


@pytest.mark.slow
def test_pytorch_weights_are_converted_beside_the_original(installation, folder):
    original = folder / "model.pt"
    torch.save(WEIGHTS, original)
    before = original.read_bytes()
    task_id = new_task(installation)
    kind, said = bind(installation, task_id, original)
    assert kind == "done", said
    row = installation.task(task_id)
    new = folder / "model.safetensors"
    assert (row["status"], row["model_path"]) == ("COMPLETED", new.relative_to(installation.home).as_posix())
    assert row["model_sha256"] == hashlib.sha256(new.read_bytes()).hexdigest()
    assert set(safetensors.torch.load_file(new)) == {"weight", "bias"}
    assert (original.read_bytes(), sorted(path.name for path in folder.iterdir())) == (before, ["model.pt", new.name])
    # Again: the file that was made from this original is taken as it is.
    made = new.stat()
    assert bind(installation, new_task(installation), original)[0] == "done"
    assert (new.stat().st_ino, new.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)


@pytest.mark.slow
def test_a_foreign_file_is_never_overwritten(installation, folder):
    torch.save(WEIGHTS, folder / "model.pth")
    foreign = write_model(folder, None).read_bytes()
    task_id = new_task(installation)
    row = installation.task(task_id)
    kind, said = bind(installation, task_id, folder / "model.pth")
    assert (kind, "is not overwritten" in said) == ("invalid", True)
    assert (folder / "model.safetensors").read_bytes() == foreign
    assert installation.task(task_id) == row


@pytest.mark.slow
def test_a_pickle_with_code_is_refused_and_nothing_changes(installation, folder):
    torch.save({"a": Evil()}, folder / "model.pt")
    task_id = new_task(installation, "FAILED")
    row, disk = installation.task(task_id), tree(folder)
    kind, said = bind(installation, task_id, folder / "model.pt")
    assert (kind, "posix.system" in said, "save_file" in said) == ("invalid", True, True)
    assert (installation.task(task_id), tree(folder)) == (row, disk)
    assert installation.rows("select count(*) from md_task_transition where task_id = ?", task_id) == [(0,)]


@pytest.mark.slow
def test_a_check_that_takes_long_goes_on_after_the_web_process_has_ended(installation, folder):
    torch.save(WEIGHTS, folder / "model.pt")
    task_id = new_task(installation)
    begun = time.monotonic()
    kind, said = bind(installation, task_id, folder / "model.pt", answer=0.1)
    assert time.monotonic() - begun < 20  # two starts of Python on a busy machine; the answer itself takes 0.1 s
    assert (kind, "in the background" in said) == ("done", True)
    assert installation.task(task_id)["status"] == "PENDING"
    until(lambda: installation.task(task_id)["status"] == "COMPLETED")
    reasons = [row[0] for row in installation.rows("select reason from md_task_transition where task_id = ?", task_id)]
    assert ["is being checked" in reason for reason in reasons] == [True, False]


@pytest.mark.slow
def test_a_refusal_in_the_background_is_kept_where_people_see_it(installation, folder):
    torch.save({"a": Evil()}, folder / "model.pt")
    task_id = new_task(installation, "STOPPED")
    assert bind(installation, task_id, folder / "model.pt", answer=0.1)[0] == "done"
    until(lambda: installation.task(task_id)["error_message"])
    row = installation.task(task_id)
    assert (row["status"], row["model_path"]) == ("STOPPED", None)
    assert "posix.system" in row["error_message"]
    assert sorted(path.name for path in folder.iterdir()) == ["model.pt"]


@pytest.mark.slow
def test_a_large_file_is_hashed_in_the_background(installation, folder):
    file = write_model(folder)
    task_id = new_task(installation)
    kind, said = bind(installation, task_id, file, answer=0, hashing=-1)
    assert (kind, "in the background" in said) == ("done", True)
    until(lambda: installation.task(task_id)["status"] == "COMPLETED")
    assert installation.task(task_id)["model_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.slow
def test_the_command_binds_by_hand(installation, folder):
    write_model(folder)
    task_id = new_task(installation)
    assert folder.name in installation.manage("bind_model", task_id, folder.name)
    assert installation.task(task_id)["status"] == "COMPLETED"
    for arguments in ((task_id, "../x"), ("TASK_NOBODY", folder.name)):
        with pytest.raises(subprocess.CalledProcessError):
            installation.manage("bind_model", *arguments)


@pytest.mark.django_db
def test_a_check_that_dies_is_said_to_the_request(monkeypatch, home):
    torch.save(WEIGHTS, home / "models" / "model.pt")
    dying = [sys.executable, "-c", "raise SystemExit(3)"]
    monkeypatch.setattr(
        binding, "_start", lambda *a: subprocess.Popen(dying, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    )
    task = TaskFactory()
    with pytest.raises(Refused, match="ended unexpectedly"):
        binding.bind(task, "alice", "model.pt")
    assert TrainingTask.objects.get().status == "PENDING"


@pytest.mark.django_db
def test_an_end_that_comes_when_the_task_has_started_does_not_touch_its_error(home):
    task = TaskFactory(status="RUNNING")
    lifecycle.fail_binding(task, "alice", binding._unexpected("x", None))
    assert TrainingTask.objects.get().error_message is None
    assert len(transitions()) == 1


@pytest.mark.slow
@pytest.mark.django_db
def test_a_draft_of_a_killed_conversion_is_replaced(home):
    root = home / "models"
    torch.save(WEIGHTS, root / "model.pt")
    (root / ".model.safetensors.tmp").write_bytes(b"half")
    answer = binding.bind_here(task := TaskFactory(), "alice", "model.pt")
    assert "models/model.safetensors" in answer.english()
    assert sorted(path.name for path in root.iterdir()) == ["model.pt", "model.safetensors"]
    assert task.model_path == "models/model.safetensors"


@pytest.mark.django_db
def test_a_folder_that_cannot_be_written_is_said(home, monkeypatch):
    torch.save(WEIGHTS, home / "models" / "model.pt")

    def refuse(*a: object, **k: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(conversion, "_convert", refuse)
    with pytest.raises(InvalidRequest, match="no file can be written beside it"):
        binding.bind_here(TaskFactory(), "alice", "model.pt")
    assert sorted(path.name for path in (home / "models").iterdir()) == ["model.pt"]
