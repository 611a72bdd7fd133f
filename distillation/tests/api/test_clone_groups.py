"""Clones with lists of values: shown before saving, all or none, named by what differs."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from distillation.models import AuditEntry, TrainingTask
from distillation.services.flat import columns
from distillation.tests.api.conftest import ROOT, client_of, person
from distillation.tests.factories import TaskFactory


@pytest.fixture
def original(api, request_body):
    return api.post(f"{ROOT}/tasks", request_body | {"epochs": 7}, format="json").json()["data"]


@pytest.fixture
def teacher(db):
    return TaskFactory(task_id="TASK_T", status="RUNNING")


def clone(api, task_id, body, query=""):
    return api.post(f"{ROOT}/tasks/{task_id}/clone{query}", body, format="json")


def made():
    return TrainingTask.objects.exclude(cloned_from=None).order_by("id")


def test_flat_changes_make_one_copy_as_ever(api, original):
    answer = clone(api, original["taskId"], {"batchSize": 8})
    task = answer.json()["data"]
    assert (task["batchSize"], task["totalEpochs"], task["clonedFrom"], task["groupId"]) == (
        8,
        7,
        original["taskId"],
        None,
    )


def test_changes_may_stand_under_their_own_key_and_win_there(api, original):
    task = clone(api, original["taskId"], {"batchSize": 8, "seed": 3, "changes": {"batchSize": 16}}).json()["data"]
    row = TrainingTask.objects.get(task_id=task["taskId"])
    assert (row.batch_size, row.config["seed"]) == (16, 3)


def test_copies_of_a_copy_have_names_of_their_own(api, original):
    names = [clone(api, original["taskId"], {}).json()["data"]["taskName"] for _ in range(2)]
    last = clone(api, made()[1].task_id, {}).json()["data"]["taskName"]
    assert [*names, last] == ["数字 (2)", "数字 (3)", "数字 (4)"]


def test_lists_make_every_combination(api, original, teacher):
    changes = {"trainingMode": "distillation", "teacherModel": "TASK_T", "batchSize": 8}
    lists = {"temperature": [2, 3, "4"], "alpha": [0.5, 0.7], "seed": [0]}
    answer = clone(api, original["taskId"], {"changes": changes, "lists": lists})
    data = answer.json()["data"]
    assert (answer.status_code, data["count"], data["preview"]) == (200, 6, False)
    rows = list(made())
    assert {(float(row.temperature), float(row.alpha)) for row in rows} == {
        (t, a) for t in (2, 3, 4) for a in (0.5, 0.7)
    }
    assert {row.group_id for row in rows} == {data["groupId"]}
    assert len(data["groupId"]) == 32
    assert {(row.batch_size, row.create_by, row.cloned_from) for row in rows} == {(8, "alice", original["taskId"])}
    assert [row["taskId"] for row in data["tasks"]] == [row.task_id for row in rows]
    assert data["tasks"][0]["values"] == {"temperature": 2.0, "alpha": 0.5, "seed": 0}
    assert data["tasks"][0]["taskName"] == "数字 · temperature=2.0 alpha=0.5"
    assert all(row["problems"] for row in data["tasks"])  # the teacher is not finished


@pytest.mark.parametrize(("body", "query"), [({"preview": True}, ""), ({}, "?preview=true"), ({"preview": 1}, "")])
def test_a_preview_shows_the_same_tasks_and_saves_none(api, original, body, query):
    lists = {"lists": {"seed": [1, 2], "batchSize": [4, 8]}}
    shown = clone(api, original["taskId"], lists | body, query).json()["data"]
    assert (shown["preview"], shown["count"], shown["groupId"]) == (True, 4, None)
    assert shown["options"] == ["seed", "batchSize"]
    assert not made().exists()
    saved = clone(api, original["taskId"], lists).json()["data"]
    assert [row["taskName"] for row in saved["tasks"]] == [row["taskName"] for row in shown["tasks"]]
    assert [row["values"] for row in saved["tasks"]] == [row["values"] for row in shown["tasks"]]


def test_the_query_beats_the_body(api, original):
    clone(api, original["taskId"], {"preview": False}, "?preview=true")
    assert not made().exists()


def test_a_preview_without_lists_shows_the_one_copy(api, original):
    shown = clone(api, original["taskId"], {"batchSize": 8}, "?preview=1").json()["data"]
    assert (shown["count"], shown["tasks"][0]["taskName"]) == (1, "数字 (2)")


def test_names_stay_within_the_column_and_different(api, request_body):
    task = api.post(f"{ROOT}/tasks", request_body | {"taskName": "长" * 255}, format="json").json()["data"]
    for _ in range(2):
        clone(api, task["taskId"], {"lists": {"seed": list(range(50))}})
    names = list(made().values_list("task_name", flat=True))
    assert len(set(names)) == 100
    assert max(len(name) for name in names) == 255


def test_long_values_are_numbered_instead(api, original):
    lists = {"description": ["a" * 300, "a" * 299 + "b"]}
    data = clone(api, original["taskId"], {"lists": lists}).json()["data"]
    assert [row["taskName"] for row in data["tasks"]] == ["数字 #1", "数字 #2"]


def test_the_group_is_in_the_audit_log_row_by_row(api, original):
    clone(api, original["taskId"], {"lists": {"seed": [1, 2, 3]}})
    noted = AuditEntry.objects.filter(verb="create").values_list("object_id", flat=True)
    assert set(noted) == {original["taskId"], *made().values_list("task_id", flat=True)}


def test_a_failure_in_the_middle_saves_nothing(api, original, monkeypatch):
    calls = []

    def broken(request):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("the disk is gone")
        return columns(request)

    monkeypatch.setattr("distillation.services.tasks.columns", broken)
    answer = clone(api, original["taskId"], {"lists": {"seed": [1, 2, 3, 4]}})
    assert answer.status_code == 500
    assert not made().exists()


# Bad input


@pytest.mark.parametrize(
    ("lists", "field", "says"),
    [
        ([], "lists", "JSON object"),
        ("x", "lists", "JSON object"),
        ({"temperature": 3}, "temperature", "array of values, not 3"),
        ({"temperature": "2,3"}, "temperature", "array of values, not 2,3"),
        ({"temperature": []}, "temperature", "is empty"),
        ({"temperature": [None]}, "temperature", "empty value"),
        ({"seed": [1, "1"]}, "seed", "lists 1 twice"),
        ({"seed": [1, -5]}, "seed", "-5"),
        ({"seed": [[1]]}, "seed", "[1]"),
        ({"optimizer": ["adam", "magic"]}, "optimizer", "magic: optimizer cannot be magic"),
        ({"batchSize": [8, -1]}, "batchSize", "-1: batchSize is -1"),
        ({"studentModel": ["cnn-tiny", "yolov8n"]}, "studentModel", "yolov8n"),
        ({"datasetId": ["digits", "nowhere"]}, "datasetId", "datasetId=nowhere: There is no data set nowhere"),
        ({"magic": [1]}, "magic", "cannot be listed"),
        ({"seeds": [[1, 2], [3, 3]]}, "seeds", "lists 3 twice"),
        ({"taskName": ["a", "b"]}, "taskName", "cannot be listed"),
        ({"epochs": [1, 2], "totalEpochs": [3]}, "totalEpochs", "same option"),
        ({"seed": list(range(51))}, "lists", "make 51 tasks; a group has at most 50"),
        ({"seed": list(range(1000)), "epochs": list(range(1, 1001)), "batchSize": list(range(1, 1001))},
         "lists", "make 1000000000 tasks"),
        ({name: list(range(1, 1001)) for name in ("seed", "epochs", "batchSize", "gradAccumSteps", "imageSize")},
         "lists", "> 1000000000"),
    ],
)  # fmt: skip
def test_wrong_lists_name_the_option_and_the_value(api, original, lists, field, says):
    answer = clone(api, original["taskId"], {"lists": lists})
    assert answer.status_code == 400, answer.content
    assert says in " ".join(answer.json()["data"][field])
    assert not made().exists()


def test_an_option_is_changed_or_listed(api, original):
    answer = clone(api, original["taskId"], {"seed": 4, "lists": {"seed": [1, 2]}})
    assert "both changed and listed" in answer.json()["data"]["seed"][0]


def test_a_list_under_an_options_own_name_is_refused(api, original):
    answer = clone(api, original["taskId"], {"seed": [1, 2]})
    assert (answer.status_code, list(answer.json()["data"])) == (400, ["seed"])


@pytest.mark.parametrize("body", [{"preview": "maybe"}, {"changes": []}, {"changes": 5}, {"taskName": ["x"]}])
def test_wrong_keys_are_400(api, original, body):
    for extra in ({}, {"lists": {"seed": [1, 2]}}):
        answer = clone(api, original["taskId"], body | extra)
        assert answer.status_code == 400
        assert next(iter(body)) in answer.json()["data"]
    assert not made().exists()


def test_many_wrong_lists_do_not_make_a_huge_answer(api, original):
    answer = clone(api, original["taskId"], {"lists": {f"k{index}": [1] for index in range(20_000)}})
    assert answer.status_code == 400
    assert len(answer.content) < 50_000


def test_a_combination_that_does_not_fit_names_itself(api, original):
    answer = clone(api, original["taskId"], {"lists": {"studentModel": ["cnn-tiny", "vit-tiny"], "imageSize": [8, 32]}})
    assert answer.status_code == 400
    assert "studentModel=vit-tiny imageSize=8: vit-tiny needs" in answer.json()["data"]["studentModel"][0]


# Whose, of what


def test_a_clone_belongs_to_whoever_made_it(original):
    person("eva", "R_ENGINEER")
    bob = client_of(person("bob", "R_ENGINEER"))
    task = clone(bob, original["taskId"], {"lists": {"seed": [1, 2]}})
    assert task.status_code == 200
    assert set(made().values_list("create_by", flat=True)) == {"bob"}


def test_samples_and_legacy_rows_say_by_field_what_cannot_be_taken_over(api):
    call_command("loaddata", "sample_tasks", verbosity=0)
    answer = clone(api, "TASK_001", {})
    assert answer.status_code == 400
    assert {"teacherModel", "datasetId"} <= set(answer.json()["data"])
    TaskFactory(task_id="OLD", training_config='{"optimizer": ["x"], "seed": "many"}', total_epochs=0)
    data = clone(api, "OLD", {"lists": {"batchSize": [1, 2]}}).json()["data"]
    assert {"optimizer", "seed", "totalEpochs"} <= set(data)


def test_a_sample_with_changes_becomes_a_task(api, digits):
    call_command("loaddata", "sample_tasks", verbosity=0)
    fits = {"trainingMode": "direct", "teacherModel": "", "control": False, "datasetId": "digits", "imageSize": 8}
    task = clone(api, "TASK_002", fits).json()["data"]
    assert (task["executor"], task["status"], task["clonedFrom"]) == ("platform", "PENDING", "TASK_002")
