"""Tokens for scripts: hashed, named, expiring, scoped, revocable."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from distillation.models import AuditEntry, ScriptToken
from distillation.tests.api.conftest import ROOT, bearer, client_of, person
from distillation.tests.factories import TaskFactory


def make(client, **sent):
    return client.post("/auth/tokens", {"name": "夜间脚本", **sent}, format="json").json()["data"]


def test_a_token_acts_as_its_owner(api, alice):
    made = make(api, scope="write", expiresInDays=3)
    assert (made["name"], made["scope"], made["revoked"]) == ("夜间脚本", "write", False)
    script = bearer(made["token"])
    assert (
        script.post(f"{ROOT}/lora-presets", {"presetName": "脚本的"}, format="json").json()["data"]["createBy"]
        == "alice"
    )
    days = (ScriptToken.objects.get().expiry_date - timezone.now()).total_seconds() / 86400
    assert 2.9 < days <= 3


def test_only_a_hash_is_kept_and_the_secret_is_shown_once(api):
    made = make(api)
    row = ScriptToken.objects.get()
    secret = made["token"].partition(".")[2]
    assert secret not in row.hashed_key
    assert row.hashed_key.startswith("sha512$$")
    listed = api.get("/auth/tokens").json()["data"]
    assert [set(token) & {"token", "hashedKey"} for token in listed] == [set()]
    assert secret not in str(list(AuditEntry.objects.values()))
    assert row.hashed_key not in str(list(AuditEntry.objects.values()))


def test_reading_is_the_default_scope(api):
    script = bearer(make(api)["token"])
    assert script.get(f"{ROOT}/tasks").status_code == 200
    answer = script.post(f"{ROOT}/lora-presets", {"presetName": "x"}, format="json")
    assert answer.status_code == 403
    assert "only reads" in answer.json()["message"]
    assert script.get("/auth/tokens").status_code == 403, "a script needs no list of its owner's tokens"


def test_a_revoked_token_is_worth_nothing_at_once(api):
    made = make(api, scope="write")
    assert api.delete(f"/auth/tokens/{made['prefix']}").json()["data"] is None
    assert bearer(made["token"]).get(f"{ROOT}/tasks").status_code == 401


def test_an_expired_token_is_401(api):
    made = make(api)
    ScriptToken.objects.update(expiry_date=timezone.now() - timedelta(seconds=1))
    assert bearer(made["token"]).get(f"{ROOT}/tasks").status_code == 401


def test_a_closed_account_closes_its_tokens(api, alice):
    made = make(api)
    alice.is_active = False
    alice.save()
    assert bearer(made["token"]).get(f"{ROOT}/tasks").status_code == 401


def test_a_wrong_secret_with_a_right_prefix_is_401(api):
    made = make(api)
    assert bearer(f"{made['prefix']}.{'x' * 32}").get(f"{ROOT}/tasks").status_code == 401


def test_a_token_of_somebody_else_cannot_be_revoked(api):
    made = make(api)
    other = client_of(person("bob", "R_ENGINEER"))
    assert other.delete(f"/auth/tokens/{made['prefix']}").status_code == 404
    assert bearer(made["token"]).get(f"{ROOT}/tasks").status_code == 200


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 51}, "name"),
        ({"name": ["a"]}, "name"),
        ({"expiresInDays": 0}, "expiresInDays"),
        ({"expiresInDays": "soon"}, "expiresInDays"),
        ({"expiresInDays": 10**9}, "expiresInDays"),
        ({"scope": "report"}, "scope"),
        ({"scope": "root"}, "scope"),
    ],
)
def test_a_wrong_request_is_named(api, sent, field):
    answer = api.post("/auth/tokens", {"name": "x", **sent}, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["data"]) == [field]


def test_last_use_is_noted(api):
    made = make(api)
    assert api.get("/auth/tokens").json()["data"][0]["lastUsed"] is None
    bearer(made["token"]).get(f"{ROOT}/tasks")
    assert api.get("/auth/tokens").json()["data"][0]["lastUsed"]


def test_a_task_token_reports_about_its_task_alone(api, alice):
    mine = TaskFactory(task_id="TASK_A", executor="external", total_epochs=5)
    TaskFactory(task_id="TASK_B", executor="external", status="RUNNING")
    made = api.post(f"{ROOT}/tasks/TASK_A/token", {"name": "训练机"}, format="json").json()["data"]
    assert (made["scope"], made["taskId"]) == ("report", "TASK_A")
    script = bearer(made["token"])
    assert script.post(f"{ROOT}/tasks/TASK_A/start").status_code == 200
    assert script.put(f"{ROOT}/tasks/TASK_A/progress?currentEpoch=1").status_code == 200
    assert script.get(f"{ROOT}/tasks/TASK_A").json()["data"]["currentEpoch"] == 1
    assert script.put(f"{ROOT}/tasks/TASK_B/progress?currentEpoch=1").status_code == 403
    assert script.get(f"{ROOT}/tasks").status_code == 403
    assert script.delete(f"{ROOT}/tasks/TASK_A").status_code == 403
    assert script.post(f"{ROOT}/tasks/TASK_A/token").status_code == 403
    assert script.post("/auth/tokens", {"name": "x"}, format="json").status_code == 403
    assert script.post(f"{ROOT}/tasks/TASK_A/complete").json()["data"]["status"] == "COMPLETED"
    mine.refresh_from_db()
    assert mine.progress == 100


def test_only_external_tasks_have_reporting_tokens(api, alice):
    TaskFactory(task_id="TASK_P")
    assert api.post(f"{ROOT}/tasks/TASK_P/token").status_code == 409
