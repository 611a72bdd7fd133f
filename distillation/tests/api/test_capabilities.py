"""What the installation says of itself: the same figures as where they are enforced."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from distillation.contract.options import BY_NAME
from distillation.contract.students import STUDENTS
from distillation.contract.version import CHANGELOG, version
from distillation.models import TeacherAlias, Worker
from distillation.tests.api.conftest import ROOT


def told(api):
    answer = api.get(f"{ROOT}/capabilities")
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]


def test_every_option_is_there_with_its_limits(api):
    options = {option["name"]: option for option in told(api)["options"]}
    assert set(options) == set(BY_NAME)
    epochs = options["totalEpochs"]
    assert (epochs["minimum"], epochs["maximum"], epochs["default"], epochs["otherName"]) == (1, 100_000, 50, "epochs")
    assert options["optimizer"]["choices"] == ["adamw", "adam", "sgd", "adagrad", "rmsprop"]
    gpus = options["gpuDevices"]
    assert (gpus["kind"], gpus["maximum"], gpus["maxItems"]) == ("integers", 63, 64)
    assert (options["temperature"]["needsTeacher"], options["seed"]["needsTeacher"]) == (True, False)


def test_the_limits_are_those_that_are_enforced(api, request_body, settings):
    settings.DISTILLATION_LIST_LIMIT = 7
    limits = told(api)["limits"]
    assert (limits["listRows"], limits["bodyBytes"]) == (7, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    task = api.post(f"{ROOT}/tasks", request_body, format="json").json()["data"]
    lists = {"lists": {"seed": list(range(limits["cloneGroup"] + 1))}}
    assert api.post(f"{ROOT}/tasks/{task['taskId']}/clone", lists, format="json").status_code == 400
    ids = [f"T{index}" for index in range(limits["bulkTasks"])]
    for extra, status in (([], 200), (["X"], 400)):
        answer = api.post(f"{ROOT}/tasks/bulk", {"action": "stop", "taskIds": ids + extra}, format="json")
        assert answer.status_code == status


def test_labels_and_help_are_in_the_readers_language(api):
    german_less = {option["name"]: option for option in told(api)["options"]}
    assert german_less["batchSize"]["label"] == "Batch size"
    api.credentials(HTTP_ACCEPT_LANGUAGE="zh-hans")
    answer = api.get(f"{ROOT}/capabilities", headers={"accept-language": "zh-hans"}).json()["data"]
    chinese = {option["name"]: option for option in answer["options"]}
    assert chinese["batchSize"]["label"] != "Batch size"
    assert "Project-Id-Version" not in str(answer)


def test_the_version_is_the_changelogs(api):
    assert told(api)["version"] == version()
    assert f"## {version()}" in CHANGELOG.read_text(encoding="utf-8")


def test_students_and_words_are_the_catalogues(api):
    data = told(api)
    assert {student["name"]: student["parameters"] for student in data["students"]} == {
        student.name: student.parameters for student in STUDENTS.values()
    }
    assert data["trainingModes"]["available"] == ["distillation", "direct"]
    assert data["taskTypes"]["available"] == ["classification", "detection", "segmentation", "sequence", "text"]
    assert {role["name"] for role in data["roles"]} == {
        "R_SUPER", "R_ADMIN", "R_ENGINEER", "R_ANNOTATOR", "R_VIEWER"
    }  # fmt: skip
    assert {scope["name"] for scope in data["tokenScopes"]} == {"read", "write", "report"}


def test_workers_seen_lately_and_aliases_are_told(api, settings):
    settings.TEACHER_ALIASES = {"qwen-7b": "a", "llama": "b"}
    TeacherAlias.objects.create(alias="qwen-7b", teacher="c")
    now = timezone.now()
    facts = {"host": "h", "pid": 1, "slots": 2, "started_at": now}
    Worker.objects.create(name="new", seen_at=now, devices='["RTX (8 MB)"]', **facts)
    Worker.objects.create(name="odd", seen_at=now, devices="not JSON", **facts)
    Worker.objects.create(name="old", seen_at=now - timedelta(hours=1), **facts)
    data = told(api)
    assert data["teacherAliases"] == {"qwen-7b": "c", "llama": "b"}
    assert (data["platform"]["slots"], data["platform"]["gpus"]) == (4, 1)
    assert [worker["devices"] for worker in data["platform"]["workers"]] == [["RTX (8 MB)"], []]


def test_the_settings_that_clients_need_are_told(api, settings):
    settings.DISTILLATION_PUBLIC_READ = True
    data = told(api)
    assert (data["errorStyle"], data["publicRead"], data["timeZone"]) == ("http", True, "Asia/Shanghai")
    assert data["defaultExecutor"] == "platform"
