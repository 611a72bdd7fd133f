"""Alice owns, Bob is in her team, Charlie is in another, nobody has logged in: every endpoint, every one of them.

A route without a line in the table fails the first test.
"""

from __future__ import annotations

import pytest
from django.urls import URLPattern, reverse
from rest_framework.test import APIClient

from distillation.api import auth_urls, urls
from distillation.models import InferenceJob, LoraPreset, TrainingTask
from distillation.tests.api.conftest import client_of, person
from distillation.tests.factories import InferenceFactory, PresetFactory, TaskFactory

TASK, PRESET, JOB = "TASK_ALICE", "爱丽丝的", "INF-ALICE"

# What a line says: (owner, colleague, stranger, anonymous). 2 stands for "let through": the row may still refuse
# the move (409) or the empty body (400), but not the person. "rows"/"none": a list that shows the row or does not.
LISTED = ("rows", "rows", "none", 401)
SEEN = (2, 2, 404, 401)
CHANGED = (2, 403, 404, 401)
CREATED = (2, 2, 2, 401)  # all three are engineers
OWN = (2, 2, 2, 401)
COPIED = (2, 2, 404, 401)
OPEN = (2, 2, 2, 2)

TABLE = {
    ("get", "tasks"): LISTED,
    ("post", "tasks"): CREATED,
    ("get", "tasks-running"): ("none", "none", "none", 401),
    ("get", "tasks-recent"): LISTED,
    ("get", "tasks-by-status"): LISTED,
    ("post", "tasks-validate"): CREATED,
    ("post", "tasks-bulk"): OWN,  # each row is checked by itself
    ("get", "statistics"): OWN,
    ("get", "capabilities"): OWN,
    ("get", "task"): SEEN,
    ("get", "task-effective-config"): SEEN,
    ("patch", "task"): CHANGED,
    ("delete", "task"): CHANGED,
    ("post", "task-start"): CHANGED,
    ("post", "task-stop"): CHANGED,
    ("post", "task-pause"): CHANGED,
    ("post", "task-resume"): CHANGED,
    ("post", "task-clone"): COPIED,
    ("post", "task-token"): CHANGED,
    ("put", "task-progress"): CHANGED,
    ("post", "task-complete"): CHANGED,
    ("put", "task-error"): CHANGED,
    ("get", "metrics"): SEEN,
    ("post", "metrics"): CHANGED,
    ("get", "resources"): SEEN,
    ("get", "logs"): SEEN,
    ("get", "logs-download"): SEEN,
    ("get", "stream"): SEEN,
    ("get", "artifacts"): SEEN,
    ("get", "artifact"): (404, 404, 404, 401),
    ("get", "history"): SEEN,
    ("post", "history"): CHANGED,
    ("get", "history-latest"): SEEN,
    ("get", "evaluations"): SEEN,
    ("post", "evaluations"): CHANGED,
    ("get", "evaluations-latest"): SEEN,
    ("get", "evaluations-best"): SEEN,
    ("get", "transitions"): SEEN,
    # The task has no model file: whoever may download is told so.
    ("get", "task-model"): (404, 404, 404, 401),
    ("put", "task-model-path"): CHANGED,
    ("patch", "task-bind-model"): CHANGED,
    ("get", "presets"): LISTED,
    ("post", "presets"): CREATED,
    ("get", "preset"): SEEN,
    ("put", "preset"): CHANGED,
    ("patch", "preset"): CHANGED,
    ("delete", "preset"): CHANGED,
    ("get", "completed-models"): LISTED,
    ("get", "datasets"): OWN,
    ("post", "inference-submit"): OWN,  # without a body nobody gets as far as a task
    ("get", "inference-list"): LISTED,
    ("get", "inference"): SEEN,
    ("delete", "inference"): CHANGED,
    ("post", "login"): OPEN,
    ("post", "refresh"): OPEN,
    ("post", "logout"): OPEN,
    ("get", "user-info"): OWN,
    ("get", "tokens"): OWN,
    ("post", "tokens"): OWN,
    ("delete", "token"): (404, 404, 404, 401),
}

VALUES = {
    "task_id": TASK, "preset_name": PRESET, "status": "COMPLETED", "prefix": "nothing", "name": "nothing",
    "inference_id": JOB,
}  # fmt: skip
ACTORS = ("owner", "colleague", "stranger", "anonymous")


def routes() -> dict[tuple[str, str], str]:
    """(method, route name) → path with Alice's rows in it."""
    found: dict[tuple[str, str], str] = {}
    for namespace, module in (("api", urls), ("auth", auth_urls)):
        for pattern in module.urlpatterns:
            assert isinstance(pattern, URLPattern)
            if pattern.name == "nothing":
                continue
            values = {name: VALUES[name] for name in pattern.pattern.converters}
            path = reverse(f"{namespace}:{pattern.name}", kwargs=values)
            actions = vars(pattern.callback).get("actions", {"get": ""})
            found |= {(method, str(pattern.name)): path for method in actions}
    return found


ROUTES = routes()


@pytest.fixture
def clients(db) -> dict[str, APIClient]:
    people = {
        "owner": person("alice", "R_ENGINEER", "红队"),
        "colleague": person("bob", "R_ENGINEER", "红队"),
        "stranger": person("charlie", "R_ENGINEER", "蓝队"),
    }
    return {name: client_of(user) for name, user in people.items()} | {
        "anonymous": APIClient(headers={"accept-language": "en"})
    }


@pytest.fixture
def rows(db, digits) -> None:
    LoraPreset.objects.all().delete()
    TaskFactory(task_id=TASK, task_name=TASK, status="COMPLETED", executor="external", create_by="alice")
    PresetFactory(preset_name=PRESET, create_by="alice")
    InferenceFactory(inference_id=JOB, task_id=TASK, create_by="alice")


def test_every_route_has_a_line():
    assert set(TABLE) == set(ROUTES)


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize(("method", "name"), sorted(ROUTES))
def test_the_table(clients, rows, method, name, actor):
    expected = TABLE[method, name][ACTORS.index(actor)]
    body = None if method == "get" else {"taskName": "x", "presetName": "新的"}
    answer = getattr(clients[actor], method)(ROUTES[method, name], body, format="json")
    if expected in ("rows", "none"):
        assert answer.status_code == 200
        assert (TASK in answer.content.decode() or PRESET in answer.content.decode()) == (expected == "rows")
    elif expected == 2:
        let_through = (200, 400, 409) if TABLE[method, name] is not OPEN else (200, 400, 401)
        assert answer.status_code in let_through, answer.content
    else:
        assert answer.status_code == expected, answer.content
    if expected in (401, 403, 404):
        assert answer.json()["code"] == expected
        assert not TrainingTask.objects.exclude(task_id=TASK).exists()
        assert not LoraPreset.objects.exclude(preset_name=PRESET).exists()
        assert TrainingTask.objects.get(task_id=TASK).del_flag == 0
        assert InferenceJob.objects.get().del_flag == 0


OF_EVERYBODY = {"login", "refresh", "logout", "tokens", "token", "tasks-bulk", "inference-submit", "inference"}
WRITES = sorted((method, name) for method, name in TABLE if method != "get" and name not in OF_EVERYBODY)


@pytest.mark.parametrize("role", ["R_VIEWER", "R_ANNOTATOR", None])
@pytest.mark.parametrize(("method", "name"), WRITES)
def test_without_the_role_of_an_engineer_nothing_is_written(rows, role, method, name):
    person("alice", "R_ENGINEER", "红队")
    reader = client_of(person("dora", "红队", *([role] if role else [])))
    answer = getattr(reader, method)(ROUTES[method, name], {"taskName": "x", "presetName": "新的"}, format="json")
    assert answer.status_code == 403
    assert answer.json()["message"].endswith(".")


@pytest.mark.parametrize(("method", "name"), sorted(ROUTES))
def test_an_administrator_is_let_through_everywhere(rows, method, name):
    boss = client_of(person("boss", "R_ADMIN"))
    body = None if method == "get" else {"taskName": "x", "presetName": "新的"}
    answer = getattr(boss, method)(ROUTES[method, name], body, format="json")
    assert answer.status_code != 403


def test_rows_without_an_owner_are_seen_by_every_role_and_changed_by_administrators(db):
    TaskFactory(task_id="TASK_OLD", create_by=None)
    path = ROUTES["patch", "task"].replace(TASK, "TASK_OLD")
    viewer, engineer = client_of(person("v", "R_VIEWER")), client_of(person("e", "R_ENGINEER"))
    assert viewer.get(path).status_code == 200
    assert engineer.patch(path, {"remark": "x"}, format="json").status_code == 403
    assert client_of(person("none")).get(path).status_code == 404


@pytest.mark.parametrize(
    ("visibility", "colleague", "stranger", "without_role"),
    [("private", 404, 404, 404), ("team", 200, 404, 404), ("everyone", 200, 200, 200)],
)
def test_visibility(clients, visibility, colleague, stranger, without_role):
    TaskFactory(task_id=TASK, create_by="alice", visibility=visibility)
    path = ROUTES["get", "task"]
    assert clients["owner"].get(path).status_code == 200
    assert clients["colleague"].get(path).status_code == colleague
    assert clients["stranger"].get(path).status_code == stranger
    assert client_of(person("none")).get(path).status_code == without_role


def test_a_team_task_of_somebody_without_a_team_is_for_everyone_with_a_role(db):
    person("solo", "R_ENGINEER")
    TaskFactory(task_id=TASK, create_by="solo")
    path = ROUTES["get", "task"]
    assert client_of(person("v", "R_VIEWER", "蓝队")).get(path).status_code == 200
    assert client_of(person("none", "蓝队")).get(path).status_code == 404


def test_a_viewer_may_not_download_and_an_annotator_may(db, home):
    file = home / "runs" / TASK / "model.safetensors"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")
    TaskFactory(task_id=TASK, status="COMPLETED", create_by="alice", model_path=f"runs/{TASK}/model.safetensors")
    path = ROUTES["get", "task-model"]
    assert client_of(person("v", "R_VIEWER")).get(path).status_code == 403
    assert client_of(person("a", "R_ANNOTATOR")).get(path).status_code == 200


def test_a_private_teacher_and_a_private_preset_do_not_exist_for_others(clients, digits):
    TaskFactory(task_id="TASK_T", create_by="alice", visibility="private", status="COMPLETED")
    PresetFactory(preset_name="秘密", create_by="alice", visibility="private")
    body = {"taskName": "x", "studentModel": "cnn-tiny", "datasetId": "digits"}
    body |= {"teacherModel": "TASK_T", "loraPreset": "秘密"}
    answer = clients["colleague"].post(ROUTES["post", "tasks"], body, format="json")
    assert set(answer.json()["data"]) == {"teacherModel", "loraPreset"}
    assert "There is no teacher TASK_T" in str(answer.json()["data"]["teacherModel"])
    mine = clients["owner"].post(ROUTES["post", "tasks"], body, format="json")
    assert mine.status_code == 200
