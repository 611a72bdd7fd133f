"""Every write by a person is noted, with who, from where, before and after; reports and workers are not."""

from __future__ import annotations

import pytest

from distillation.jobs import control
from distillation.models import AuditEntry, TrainingTask
from distillation.services import audit
from distillation.services.tasks import create_task
from distillation.tests.api.conftest import ROOT, client_of, person
from distillation.tests.factories import TaskFactory

BODY = {"taskName": "数字", "trainingMode": "direct", "studentModel": "cnn-tiny", "datasetId": "digits"}


@pytest.fixture
def client(db):
    return client_of(person("alice", "R_ENGINEER"))


def entries():
    return list(AuditEntry.objects.order_by("id").values_list("verb", "kind", "object_id", "actor"))


def test_a_task_from_create_to_delete(client, digits):
    task_id = client.post(f"{ROOT}/tasks", BODY, format="json").json()["data"]["taskId"]
    path = f"{ROOT}/tasks/{task_id}"
    client.patch(path, {"remark": "快"}, format="json")
    client.post(f"{path}/start")
    client.post(f"{path}/stop")
    client.delete(path)
    verbs = ["create", "edit", "start", "stop", "delete"]
    assert entries() == [(verb, "trainingtask", task_id, "alice") for verb in verbs]
    edit, start = AuditEntry.objects.get(verb="edit"), AuditEntry.objects.get(verb="start")
    assert (edit.before, edit.after) == ({"remark": None}, {"remark": "快"})
    assert (start.before["status"], start.after["status"]) == ("PENDING", "QUEUED")
    assert (edit.via, edit.address) == ("rest", "127.0.0.1")
    created = AuditEntry.objects.get(verb="create")
    assert created.before is None
    assert created.after["task_name"] == "数字"


def test_the_request_is_named(client, digits):
    client.post(f"{ROOT}/tasks", BODY, format="json", headers={"x-request-id": "r-1"})
    assert AuditEntry.objects.get().request_id == "r-1"


def test_what_was_refused_is_not_noted(client, digits):
    TaskFactory(task_id="TASK_C", status="COMPLETED")
    client.post(f"{ROOT}/tasks/TASK_C/start")
    client.post(f"{ROOT}/tasks", {}, format="json")
    assert entries() == []


def test_reports_of_progress_and_history_are_not_noted_but_the_end_is(client):
    TaskFactory(task_id="TASK_X", executor="external", status="RUNNING", total_epochs=5)
    client.put(f"{ROOT}/tasks/TASK_X/progress?currentEpoch=1&accuracy=50")
    client.post(f"{ROOT}/tasks/TASK_X/history", {"epoch": 1}, format="json")
    client.post(f"{ROOT}/tasks/TASK_X/complete")
    assert [entry[0] for entry in entries()] == ["complete"]


def test_presets_are_noted(client):
    client.post(f"{ROOT}/lora-presets", {"presetName": "甲"}, format="json")
    client.patch(f"{ROOT}/lora-presets/甲", {"loraRank": 4}, format="json")
    client.delete(f"{ROOT}/lora-presets/甲")
    assert [entry[0] for entry in entries()] == ["create", "edit", "delete"]
    assert AuditEntry.objects.get(verb="edit").after == {"lora_rank": 4}


def test_commands_and_workers_have_no_origin(db, digits):
    task = create_task(BODY, "demo")
    control.start(task, "demo")
    assert entries() == []


def test_a_failed_write_takes_its_note_with_it(db):
    task = TaskFactory()

    def write_and_break():
        with audit.audited("edit", task, "alice"):
            TrainingTask.objects.filter(pk=task.pk).update(remark="x")
            raise RuntimeError

    token = audit.begin(audit.Origin("rest", "127.0.0.1", "r"))
    with pytest.raises(RuntimeError):
        write_and_break()
    audit.end(token)
    assert entries() == []
    assert TrainingTask.objects.get().remark is None


def test_secrets_are_never_kept(db):
    user = person("bob")
    assert "password" not in audit.facts(user)
