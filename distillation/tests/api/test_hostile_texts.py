"""Any text that people write comes back as it was; what is code elsewhere is only text here."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from distillation.models import LoraPreset, TrainingTask
from distillation.tests.api.conftest import ROOT
from distillation.tests.api.every_route import assert_leaks_nothing
from distillation.tests.factories import TaskFactory

TEXTS = {
    "Chinese": "大小模型协同训练",
    "rare characters": "𠮷𡈽 㐂",
    "emoji": "🚀 👩‍🔬 🏳️‍🌈",
    "right to left": "שלום العربية",
    "SQL": "'; DROP TABLE md_training_task; --",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "a format": "{0.__class__} %s %(x)s ${jndi:ldap://x}",
    "a wild card": "50 % _ \\ `",
}
CHARACTERS = "🚀<b>大'\"\\%_{}"


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_texts_of_a_task_come_back(api, request_body, text):
    names = ("taskName", "description", "taskInputName", "remark", "datasetName", "valDatasetName")
    made = api.post(f"{ROOT}/tasks", {**request_body, **dict.fromkeys(names, text)}, format="json").json()["data"]
    shown = api.get(f"{ROOT}/tasks/{made['taskId']}")
    assert {name: shown.json()["data"][name] for name in names} == dict.fromkeys(names, text)
    assert shown.headers["Content-Type"] == "application/json"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    found = api.get(f"{ROOT}/tasks?keyword={quote(text)}").json()["data"]
    assert [task["taskId"] for task in found] == [made["taskId"]]
    assert TrainingTask.objects.count() == 1


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_texts_of_a_preset_come_back_and_its_name_is_an_address(api, text):
    name = text.replace("/", "|").replace("\\", "|")
    body = {"presetName": name, "presetDesc": text, "targetModules": [text.strip()]}
    assert api.post(f"{ROOT}/lora-presets", body, format="json").status_code == 200
    shown = api.get(f"{ROOT}/lora-presets/{quote(name, safe='')}").json()["data"]
    assert (shown["presetName"], shown["presetDesc"]) == (name, text)
    assert api.delete(f"{ROOT}/lora-presets/{quote(name, safe='')}").status_code == 200
    assert LoraPreset.objects.alive().filter(preset_name=name).count() == 0


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_texts_of_reports_come_back(api, script_task, text):
    path = f"{ROOT}/tasks/{script_task.task_id}"
    sent = {"f1Score": 1, "evalDatasetName": text, "detailedResults": {text: [text]}}
    evaluation = api.post(f"{path}/evaluations", sent, format="json").json()["data"]
    assert evaluation["evalDatasetName"] == text
    token = api.post(f"{path}/token", {"name": text[:50]}, format="json").json()["data"]
    assert token["name"] == text[:50]
    api.put(f"{path}/error", {"errorMessage": text}, format="json")
    assert api.get(path).json()["data"]["errorMessage"] == text


def test_the_longest_text_is_counted_in_characters_not_in_bytes(api, request_body):
    longest = ("🚀大" * 128)[:255]
    made = api.post(f"{ROOT}/tasks", {**request_body, "taskName": longest}, format="json").json()["data"]
    assert made["taskName"] == longest
    refused = api.post(f"{ROOT}/tasks", {**request_body, "taskName": longest + "大"}, format="json")
    assert set(refused.json()["data"]) == {"taskName"}


@pytest.mark.parametrize(
    "path",
    [
        "../db.sqlite3", "..\\db.sqlite3", "a/../../secret_key", "/etc/passwd", "/dev/zero", "/proc/self/environ",
        "//etc/passwd", "file:///etc/passwd", "~root/.ssh/id_rsa", "./../x", "a/..", "link/passwd", "x" * 501,
        "a\0b", "CON", "model.safetensors\n", "", " ", "/", ".",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_models_root(api, home, path):
    task = TaskFactory(status="STOPPED")
    (home / "models" / "link").symlink_to("/etc")
    (home / "secret_key").write_text("top secret")
    answer = api.patch(f"{ROOT}/tasks/{task.task_id}/bind-external-model", {"modelPath": path}, format="json")
    assert answer.status_code == 400
    assert set(answer.json()["data"]) == {"modelPath"}
    assert_leaks_nothing(answer)
    task.refresh_from_db()
    assert (task.status, task.model_path) == ("STOPPED", None)


@pytest.mark.parametrize("path", ["../db.sqlite3", "a/../../secret_key", "/dev/zero", "/proc/self/environ", "a\0b"])
def test_a_script_cannot_say_that_its_model_lies_in_a_trap(api, script_task, path):
    answer = api.put(f"{ROOT}/tasks/{script_task.task_id}/model-path", {"modelPath": path}, format="json")
    assert answer.status_code == 400
    assert set(answer.json()["data"]) == {"modelPath"}
    assert_leaks_nothing(answer)
