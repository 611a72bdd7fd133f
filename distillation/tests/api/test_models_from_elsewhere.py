"""``/model-path`` and ``/bind-external-model`` through the whole stack."""

from __future__ import annotations

import hashlib

import pytest

from distillation.contract.sentence import Sentence
from distillation.jobs import binding
from distillation.models import TrainingTask
from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import TaskFactory
from distillation.tests.model_samples import onnx_bytes, tree, write_model


@pytest.fixture
def task(db: None) -> TrainingTask:
    return TaskFactory(task_id="TASK_M")


BIND = f"{ROOT}/tasks/TASK_M/bind-external-model"


def listed(api):
    return {row["taskId"]: row for row in api.get(f"{ROOT}/completed-models").json()["data"]}


# What a script says


@pytest.mark.parametrize(
    ("query", "body", "path", "url"),
    [
        ("", {"modelPath": "/data/学生.pt", "modelUrl": "https://a.example/x"}, "/data/学生.pt", "https://a.example/x"),
        ("?modelPath=a.pt", {"modelPath": "b.pt", "modelUrl": "/x"}, "a.pt", "/x"),
        ("?modelPath=a.pt&modelUrl=/y", None, "a.pt", "/y"),
        ("?modelUrl=/y", None, None, "/y"),
    ],
)
def test_a_script_says_where_its_model_is(api, script_task, query, body, path, url):
    answer = api.put(f"{ROOT}/tasks/{script_task.task_id}/model-path{query}", body, format="json")
    assert (answer.status_code, answer.json()) == (200, {"code": 200, "message": "OK", "data": None})
    data = api.get(f"{ROOT}/tasks/{script_task.task_id}").json()["data"]
    assert (data["modelPath"], data["modelUrl"]) == (path, url)


def test_a_model_that_was_only_reported_is_listed_as_unusable_and_not_served(api, home):
    """Also where the path is that of a file of the home: nobody checked whose it is."""
    write_model(home / "models" / "theirs")
    TaskFactory(task_id="TASK_X", executor="external", status="COMPLETED")
    answer = api.put(f"{ROOT}/tasks/TASK_X/model-path?modelPath=models/theirs/model.safetensors")
    assert answer.status_code == 200
    assert api.get(f"{ROOT}/tasks/TASK_X/model").status_code == 404
    row = listed(api)["TASK_X"]
    assert row["usable"] is False
    assert "bind it to the task" in row["unusableReason"]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "modelPath"), ({"modelPath": "../x"}, "modelPath"), ({"modelPath": ["a"]}, "modelPath"),
        ({"modelPath": "/dev/sda"}, "modelPath"), ({"modelPath": "x" * 501}, "modelPath"),
        ({"modelPath": 5}, "modelPath"),
        ({"modelUrl": "javascript:alert(1)"}, "modelUrl"), ({"modelPath": "a\0b"}, "modelPath"),
    ],
)  # fmt: skip
def test_a_wrong_report_is_400_and_names_the_field(api, script_task, sent, field):
    answer = api.put(f"{ROOT}/tasks/{script_task.task_id}/model-path", sent, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["data"]) == [field]
    assert field in answer.json()["message"]
    assert TrainingTask.objects.get().model_path is None


def test_a_task_that_the_platform_runs_takes_no_report(api):
    TaskFactory(task_id="TASK_P", status="RUNNING")
    assert api.put(f"{ROOT}/tasks/TASK_P/model-path?modelPath=a.pt").status_code == 409


# Binding


@pytest.mark.parametrize(
    ("query", "body"),
    [("", {"modelPath": "mine"}), ("?modelPath=mine/model.safetensors", {"modelPath": "other"}),
     ("?modelPath=models/mine/model.safetensors", None)],
)  # fmt: skip
def test_a_bound_model_is_listed_as_usable_and_can_be_downloaded(api, home, task, query, body):
    file = write_model(home / "models" / "mine")
    answer = api.patch(f"{BIND}{query}", body, format="json")
    assert (answer.status_code, answer.json()["data"]) == (200, None)
    assert answer.json()["message"] == "TASK_M has the model models/mine/model.safetensors now."
    row = listed(api)["TASK_M"]
    assert (row["usable"], row["unusableReason"], row["status"], row["progress"]) == (True, None, "COMPLETED", 100)
    assert (row["modelPath"], row["modelUrl"]) == ("models/mine/model.safetensors", f"{ROOT}/tasks/TASK_M/model")
    served = b"".join(api.get(row["modelUrl"]).streaming_content)
    assert served == file.read_bytes()
    assert TrainingTask.objects.get().model_sha256 == hashlib.sha256(served).hexdigest()


def test_an_onnx_model_is_downloaded_under_its_name(api, home, task):
    (home / "models" / "a.onnx").write_bytes(onnx_bytes())
    assert api.patch(BIND, {"modelPath": "a.onnx"}, format="json").status_code == 200
    answer = api.get(f"{ROOT}/tasks/TASK_M/model")
    assert 'filename="TASK_M.onnx"' in answer["Content-Disposition"]
    assert listed(api)["TASK_M"]["usable"] is False


@pytest.mark.parametrize("style", ["http", "legacy"])
@pytest.mark.parametrize(
    "named",
    ["../secret_key", "/etc/passwd", "{home}/secret_key", "secret_key", "/dev/zero", "mine/../../secret_key", "link",
     "", "x" * 501, "mine\0", "mine/config.json", "nothing", 7, ["mine"], {"a": 1}, None, "\U0001f600", "\ufffd"],
)  # fmt: skip
def test_a_path_trick_is_400_names_the_field_and_leaks_nothing(api, home, task, settings, named, style):
    settings.DISTILLATION_ERROR_STYLE = style
    write_model(home / "models" / "mine")
    (home / "secret_key").write_text("abc-the-secret")
    (home / "models" / "link").symlink_to(home.parent)
    row, disk = TrainingTask.objects.values().get(), tree(home)
    sent = named.format(home=home) if isinstance(named, str) else named
    answer = api.patch(BIND, {"modelPath": sent}, format="json")
    text = answer.content.decode()
    assert answer.status_code == (400 if style == "http" else 200)
    assert answer.json()["code"] == (400 if style == "http" else 500)
    assert str(home) not in text
    assert "abc-the-secret" not in text
    if style == "http":
        assert list(answer.json()["data"]) == ["modelPath"]
    assert (TrainingTask.objects.values().get(), tree(home)) == (row, disk)


def test_a_long_check_is_answered_with_what_goes_on(api, task, monkeypatch):
    said = Sentence("{path} is being checked", {"path": "a.pt"})
    monkeypatch.setattr(binding, "bind", lambda *a: said)
    answer = api.patch(BIND, {"modelPath": "a.pt"}, format="json")
    assert answer.json() == {"code": 200, "message": "a.pt is being checked", "data": None}


def test_a_task_that_runs_is_409_and_one_that_nobody_sees_404(api, home, task):
    write_model(home / "models" / "mine")
    TrainingTask.objects.update(status="RUNNING")
    assert api.patch(BIND, {"modelPath": "mine"}, format="json").status_code == 409
    assert (
        api.patch(f"{ROOT}/tasks/TASK_0/bind-external-model", {"modelPath": "mine"}, format="json").status_code == 404
    )


def test_the_sentences_are_chinese_and_english(api, task):
    """The marker of the message is the reader's language; the field's name stays."""
    answer = api.patch(BIND, {"modelPath": "../x"}, format="json", headers={"accept-language": "en"})
    assert answer.json()["message"] == "modelPath contains “..”. Write the path below the models root without it."
