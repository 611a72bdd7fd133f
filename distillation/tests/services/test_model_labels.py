"""What a script says about its model: kept as a label, never opened."""

from __future__ import annotations

import pytest
from django.utils import timezone

from distillation import selectors
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.models import TrainingTask
from distillation.services.model_labels import report_model
from distillation.services.teachers import find_teacher
from distillation.tests.factories import TaskFactory
from distillation.tests.model_samples import said, write_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def task() -> TrainingTask:
    return TaskFactory(executor="external", status="RUNNING", model_url="/was", lost_contact_at=timezone.now())


@pytest.mark.parametrize(
    "label",
    ["/data/run 7/学生.safetensors", "out/model.pt", "C:\\models\\student.pth", "s3://bucket/a/model.pt", "…/模型",
     "models/../x".replace("../", ""), "a..b/model.pt", "/models/distillation/TASK_001/final_model.pth", "x" * 500],
)  # fmt: skip
def test_a_path_of_another_machine_is_kept_as_it_stands(task, label):
    report_model(task, "alice", model_path=label)
    task.refresh_from_db()
    assert (task.model_path, task.model_url, task.update_by) == (label, "/was", "alice")
    assert task.lost_contact_at is None
    assert task.lease_until > timezone.now()


@pytest.mark.parametrize(
    "url", ["https://files.example.org/a/学生.pt?x=1#y", "http://[::1]:8080/a", "/api/models/TASK_1"]
)
def test_addresses_of_the_web_and_of_this_host_are_kept(task, url):
    report_model(task, "alice", model_url=url)
    assert (task.model_url, task.model_path) == (url, None)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (7, "must be a text"), (["a"], "must be a text"), (True, "must be a text"), ("x" * 501, "501 characters"),
        ("a\0b", "control"), ("a\nb", "control"), ("a\u2028b", "control"), ("\ud800", "control"),
        ("..", "“..”"), ("../../etc/passwd", "“..”"), ("/data/../x", "“..”"), ("a\\..\\b", "“..”"),
        ("/dev/sda", "device"), ("//dev/zero", "device"), ("/./proc/self/environ", "device"), ("/sys/x", "device"),
        ("/DEV/x", "device"), ("\\\\.\\PhysicalDrive0", "device"), ("\\\\?\\C:\\x", "device"), ("/dev", "device"),
    ],
)  # fmt: skip
def test_path_tricks_are_refused_and_nothing_is_kept(task, path, words):
    assert_refused(task, "modelPath", words, model_path=path, model_url="/now")


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "file:///etc/passwd", "ftp://a/b", "http://",
     "//evil.example/x", "/\\evil.example", "\\\\evil", "https:///x", "http:x", "http://[::1", "model.pt", "a/b", " /x",
     "/a b", "/a/../b", "https://a/../b", "vbscript:x", "mailto:a@b", "?x", "#y", "/a\tb"],
)  # fmt: skip
def test_addresses_that_a_browser_must_not_follow_are_refused(task, url):
    assert_refused(task, "modelUrl", "modelUrl", model_path="now", model_url=url)


@pytest.mark.parametrize("empty", [{}, {"model_path": "", "model_url": ""}, {"model_path": None}])
def test_a_report_that_says_nothing_is_refused(task, empty):
    assert_refused(task, "modelPath", "Send modelPath, modelUrl or both", **empty)


def assert_refused(task, field, words, **sent):
    before = TrainingTask.objects.values().get()
    with pytest.raises(InvalidRequest) as caught:
        report_model(task, "mallory", **sent)
    assert [problem.field for problem in caught.value.problems] == [field]
    assert words in caught.value.problems[0].sentence.english()
    assert TrainingTask.objects.values().get() == before


@pytest.mark.parametrize("status", ["PENDING", "QUEUED", "PAUSED", "STOPPED", "FAILED"])
def test_a_task_that_neither_runs_nor_is_complete_takes_none(status):
    task = TaskFactory(executor="external", status=status)
    with pytest.raises(Refused, match=f"is {status}; a script names its model while the task is RUNNING, COMPLETED"):
        report_model(task, "alice", model_path="x")


@pytest.mark.parametrize("executor", ["platform", "sample"])
def test_a_task_that_the_platform_runs_takes_none(executor):
    task = TaskFactory(executor=executor, status="COMPLETED", model_path="runs/T/model.safetensors")
    with pytest.raises(Refused, match=f"executor {executor}"):
        report_model(task, "alice", model_path="x")
    assert TrainingTask.objects.get().model_path == "runs/T/model.safetensors"


def test_a_completed_task_takes_one_and_its_lease_stays_away():
    task = TaskFactory(executor="external", status="COMPLETED")
    report_model(task, "alice", model_path="x")
    assert (task.model_path, task.lease_until) == ("x", None)


def test_a_late_report_does_not_replace_a_model_that_was_bound():
    task = TaskFactory(
        executor="external", status="COMPLETED", model_path="models/a/model.safetensors", model_sha256="0"
    )
    with pytest.raises(Refused, match="was bound and checked"):
        report_model(task, "alice", model_path="x")


def test_a_report_that_lost_the_race_is_refused(task):
    TrainingTask.objects.update(status="STOPPED")
    with pytest.raises(Refused, match="STOPPED"):
        report_model(task, "alice", model_path="x")
    assert TrainingTask.objects.get().model_path is None


def test_a_path_below_the_home_is_kept_without_the_home(task, home):
    report_model(task, "alice", model_path=f"{home}/models/a/model.safetensors")
    assert task.model_path == "models/a/model.safetensors"


def test_a_reported_file_of_the_home_is_neither_used_nor_taught_from(task, home):
    """Otherwise a report would be the way to another team's model."""
    write_model(home / "models" / "theirs")
    report_model(task, "alice", model_path="models/theirs/model.safetensors")
    TrainingTask.objects.update(status="COMPLETED")
    task.refresh_from_db()
    assert selectors.model_of(task) is None
    assert "Copy it below the models root and bind it" in said(selectors.usable(task))
    teacher = find_teacher(task.task_id)
    assert teacher is not None
    assert teacher.reason is not None


def test_a_model_that_was_bound_meanwhile_stays():
    task = TaskFactory(executor="external", status="COMPLETED")
    TrainingTask.objects.update(model_path="models/a/model.safetensors", model_sha256="0")
    with pytest.raises(Refused, match="was bound and checked"):
        report_model(task, "alice", model_path="x")
    assert TrainingTask.objects.get().model_path == "models/a/model.safetensors"
