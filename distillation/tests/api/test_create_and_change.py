"""Creating, changing, cloning and deleting tasks."""

from __future__ import annotations

import json

import pytest

from distillation.models import TrainingTask
from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import TaskFactory


def create(api, **values):
    return api.post(f"{ROOT}/tasks", values, format="json")


def test_a_created_task_is_the_answer_and_belongs_to_its_creator(api, request_body):
    answer = create(api, **request_body, seed=7)
    assert answer.status_code == 200
    task = answer.json()["data"]
    row = TrainingTask.objects.get(task_id=task["taskId"])
    assert (row.create_by, row.task_name, task["status"], task["totalEpochs"]) == ("alice", "数字", "PENDING", 50)
    assert json.loads(task["trainingConfig"])["seed"] == 7
    assert api.get(f"{ROOT}/tasks/{task['taskId']}").json()["data"] == task


def test_zeros_and_nulls_of_direct_mode_are_accepted(api, request_body):
    zeros = {"teacherModel": "", "loraRank": 0, "temperature": 0, "alpha": 0, "batchSize": None, "valDatasetId": ""}
    task = create(api, **request_body, **zeros, unknownKey=1).json()["data"]
    assert (task["loraRank"], task["temperature"], task["batchSize"]) == (0, 0.0, 32)


def test_a_wrong_request_is_400_with_sentences_by_field(api, request_body):
    answer = create(api, **{**request_body, "taskName": "", "totalEpochs": 0, "optimizer": "magic"})
    assert answer.status_code == 400
    value = answer.json()
    assert set(value["data"]) >= {"totalEpochs", "optimizer"}
    assert all(isinstance(sentence, str) for group in value["data"].values() for sentence in group)
    assert value["data"]["totalEpochs"][0] in value["message"]
    assert not TrainingTask.objects.exists()


def test_an_unknown_data_set_is_named_under_its_field(api, request_body):
    data = create(api, **{**request_body, "datasetId": "nowhere"}).json()["data"]
    assert "nowhere" in data["datasetId"][0]


def test_a_form_is_accepted_like_json(api, request_body):
    answer = api.generic(
        "POST", f"{ROOT}/tasks",
        "taskName=f&trainingMode=direct&studentModel=cnn-tiny&datasetId=digits&epochs=3",
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert answer.json()["data"]["totalEpochs"] == 3


def test_an_absent_teacher_directory_is_refused_and_an_unfinished_task_is_a_problem(api, request_body):
    TaskFactory(task_id="TASK_T", status="RUNNING")
    distil = {**request_body, "trainingMode": "distillation"}
    assert "teacherModel" in create(api, **distil, teacherModel="nobody").json()["data"]
    task = create(api, **distil, teacherModel="TASK_T").json()["data"]
    assert [problem["field"] for problem in task["problems"]] == ["teacherModel"]
    assert "TASK_T" in task["problems"][0]["message"]
    refused = api.post(f"{ROOT}/tasks/{task['taskId']}/start")
    assert refused.status_code == 409
    assert refused.json()["message"] == task["problems"][0]["message"]


def test_what_has_no_effect_is_listed_with_the_reason(api, request_body):
    TaskFactory(task_id="TASK_T", status="RUNNING")
    distil = {**request_body, "trainingMode": "distillation", "teacherModel": "TASK_T", "loraRank": 8}
    task = create(api, **distil).json()["data"]
    assert "loraRank" in [entry["field"] for entry in task["notApplied"]]
    assert all(entry["message"] for entry in task["notApplied"])


def test_a_patch_changes_only_what_it_sends(api, request_body):
    task_id = create(api, **request_body, epochs=7).json()["data"]["taskId"]
    answer = api.patch(f"{ROOT}/tasks/{task_id}", {"taskName": "新名字"}, format="json")
    assert (answer.json()["data"]["taskName"], answer.json()["data"]["totalEpochs"]) == ("新名字", 7)


def test_a_task_that_has_started_cannot_be_changed(api, digits):
    TaskFactory(task_id="T", status="QUEUED", training_mode="direct", teacher_model="")
    answer = api.patch(f"{ROOT}/tasks/T", {"taskName": "x"}, format="json")
    assert answer.status_code == 409
    assert "QUEUED" in answer.json()["message"]


def test_each_text_is_kept_shown_and_changed_under_its_own_name(api, request_body):
    columns = {
        "taskName": "task_name", "description": "description", "taskInputName": "task_input_name",
        "remark": "remark", "datasetName": "dataset_name", "valDatasetName": "val_dataset_name",
    }  # fmt: skip
    sent = {name: f"其 {number}" for number, name in enumerate(columns)}
    task_id = api.post(f"{ROOT}/tasks", {**request_body, **sent}, format="json").json()["data"]["taskId"]
    kept = TrainingTask.objects.values(*columns.values()).get(task_id=task_id)
    assert {name: kept[column] for name, column in columns.items()} == sent
    for name in columns:
        sent |= {name: f"另 {name}"}
        api.patch(f"{ROOT}/tasks/{task_id}", {name: sent[name]}, format="json")
        shown = api.get(f"{ROOT}/tasks/{task_id}").json()["data"]
        assert {other: shown[other] for other in columns} == sent


def test_a_clone_is_a_new_task_with_the_changes(api, request_body):
    task = create(api, **request_body, epochs=7).json()["data"]
    clone = api.post(f"{ROOT}/tasks/{task['taskId']}/clone", {"batchSize": 8}, format="json").json()["data"]
    assert clone["taskId"] != task["taskId"]
    assert (clone["totalEpochs"], clone["batchSize"], clone["status"]) == (7, 8, "PENDING")


def test_a_clone_needs_no_body(api, request_body):
    task = create(api, **request_body).json()["data"]
    assert api.post(f"{ROOT}/tasks/{task['taskId']}/clone").status_code == 200


def test_deleting_hides_the_row_and_deleting_again_is_404(api):
    TaskFactory(task_id="T")
    answer = api.delete(f"{ROOT}/tasks/T")
    assert (answer.status_code, answer.json()["data"]) == (200, None)
    assert TrainingTask.objects.get(task_id="T").del_flag == 1
    assert api.delete(f"{ROOT}/tasks/T").status_code == 404


@pytest.mark.parametrize("path", ["/tasks/TASK_NONE", f"/tasks/{'x' * 3000}", "/tasks/无"])
def test_an_unknown_task_is_404_and_named(api, path):
    answer = api.get(ROOT + path)
    assert answer.status_code == 404
    assert path.removeprefix("/tasks/")[:100] in answer.json()["message"]


@pytest.mark.parametrize("form", ["object", "text"])
def test_the_training_config_of_an_answer_is_taken_back(api, request_body, form):
    config = {"optimizer": "sgd", "seed": 7, "colour": "red"}
    sent = config if form == "object" else json.dumps(config)
    task = api.post(f"{ROOT}/tasks", {**request_body, "trainingConfig": sent, "seed": 8}, format="json").json()["data"]
    kept = json.loads(task["trainingConfig"])
    assert (kept["optimizer"], kept["seed"], "colour" in kept) == ("sgd", 8, False)
    path = f"{ROOT}/tasks/{task['taskId']}"
    changed = api.patch(path, {"trainingConfig": {"optimizer": "adam"}}, format="json").json()["data"]
    kept = json.loads(changed["trainingConfig"])
    assert (kept["optimizer"], kept["seed"]) == ("adam", 8)
    both = {"trainingConfig": {"optimizer": "sgd", "seed": 1}, "optimizer": "adamw"}
    kept = json.loads(api.patch(path, both, format="json").json()["data"]["trainingConfig"])
    assert (kept["optimizer"], kept["seed"]) == ("adamw", 1)
    clone = api.post(f"{path}/clone", {"changes": {"trainingConfig": '{"optimizer": "sgd"}'}}, format="json").json()
    kept = json.loads(clone["data"]["trainingConfig"])
    assert (kept["optimizer"], kept["seed"]) == ("sgd", 1)


@pytest.mark.parametrize("config", ["{", 7, [], {"distillationAdvancedConfig": 7}])
def test_a_training_config_that_is_none_is_400_with_its_name(api, request_body, config):
    task = api.post(f"{ROOT}/tasks", request_body, format="json").json()["data"]
    path = f"{ROOT}/tasks/{task['taskId']}"
    sent = {"trainingConfig": config}
    for answer in (
        api.post(f"{ROOT}/tasks", request_body | sent, format="json"),
        api.patch(path, sent, format="json"),
        api.post(f"{path}/clone", sent, format="json"),
    ):
        assert (answer.status_code, list(answer.json()["data"])) == (400, ["trainingConfig"])


def test_what_an_older_service_stored_may_come_back_with_a_change(api, request_body):
    task = api.post(f"{ROOT}/tasks", request_body, format="json").json()["data"]
    for stored in ("{", '{"gpuDevices": [0], "numClasses": 2}', '{"distillationAdvancedConfig": 7}'):
        TrainingTask.objects.filter(task_id=task["taskId"]).update(training_config=stored)
        sent = {"trainingConfig": stored, "batchSize": 8}
        assert api.patch(f"{ROOT}/tasks/{task['taskId']}", sent, format="json").status_code == 200
    TrainingTask.objects.filter(task_id=task["taskId"]).update(training_config='{"weather": [0]}')
    config = {"trainingConfig": {"weather": [0], "optimizer": "sgd"}}
    assert api.patch(f"{ROOT}/tasks/{task['taskId']}", config, format="json").status_code == 200
    refused = api.patch(f"{ROOT}/tasks/{task['taskId']}", {"trainingConfig": {"seeds": [1, 1]}}, format="json")
    assert list(refused.json()["data"]) == ["seeds"]


def test_an_option_of_the_teacher_in_direct_training_is_400(api, request_body):
    answer = api.post(f"{ROOT}/tasks", {**request_body, "hardLabelWeight": 5}, format="json")
    assert list(answer.json()["data"]) == ["hardLabelWeight"]
    assert "Direct training has no teacher" in answer.json()["message"]
    assert (
        api.post(f"{ROOT}/tasks", {**request_body, "loraRank": 8, "temperature": 5}, format="json").status_code == 200
    )
