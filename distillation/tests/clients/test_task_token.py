"""What a task's own token may do, tried on every route there is, and what happens when its script falls silent."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from distillation import lifecycle
from distillation.contract.sentence import Refused
from distillation.jobs.reaper import reap
from distillation.models import AuditEntry, TaskTransition, TrainingTask
from distillation.services import reports
from distillation.tests.api.conftest import ROOT, alice, api, bearer  # noqa: F401 - fixtures
from distillation.tests.factories import TaskFactory

MINE, OTHER = "TASK_MINE", "TASK_OTHER"
ALLOWED = {
    ("get", f"{ROOT}/tasks/{MINE}"), ("post", f"{ROOT}/tasks/{MINE}/start"), ("put", f"{ROOT}/tasks/{MINE}/progress"),
    ("post", f"{ROOT}/tasks/{MINE}/history"), ("post", f"{ROOT}/tasks/{MINE}/metrics"),
    ("put", f"{ROOT}/tasks/{MINE}/model-path"), ("post", f"{ROOT}/tasks/{MINE}/evaluations"),
    ("post", f"{ROOT}/tasks/{MINE}/complete"), ("put", f"{ROOT}/tasks/{MINE}/error"),
}  # fmt: skip
OPEN = {"/auth/login", "/auth/refreshToken", "/auth/logout"}
"""Routes that take no token: who they are for has none yet."""
METHODS = ("get", "post", "put", "patch", "delete")


def found_routes() -> list[tuple[str, str]]:
    """Method and path of every API route, with the token's task and with another one in its place."""
    found = []
    for prefix, pattern in api_patterns(get_resolver().url_patterns, ""):
        if pattern.name == "nothing":
            continue
        actions = getattr(pattern.callback, "actions", None) or vars(pattern.callback).get("actions") or {}
        for task in (MINE, OTHER):
            path = "/" + prefix + re.sub(r"<(\w+:)?\w+>", task, str(pattern.pattern))
            found += [(method, path) for method in actions if method in METHODS]
    return sorted(set(found))


def api_patterns(entries, prefix):
    for entry in entries:
        if isinstance(entry, URLResolver):
            if (prefix + str(entry.pattern)).startswith(("model-distillation", "auth")):
                yield from api_patterns(entry.url_patterns, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern) and prefix:
            yield prefix, entry


ROUTES = found_routes()


@pytest.fixture
def script(api) -> APIClient:  # noqa: F811
    """What holds the token of MINE, which runs."""
    TaskFactory(task_id=MINE, executor="external", total_epochs=5, status="RUNNING", start_time=timezone.now())
    TaskFactory(task_id=OTHER, executor="external", total_epochs=5, status="RUNNING", start_time=timezone.now())
    made = api.post(f"{ROOT}/tasks/{MINE}/token", {"name": "训练机"}, format="json").json()["data"]
    return bearer(made["token"])


def test_the_walk_finds_the_routes():
    assert len(ROUTES) > 60
    assert set(ROUTES) >= ALLOWED
    assert all("<" not in path for _, path in ROUTES)


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route[1] not in OPEN])
def test_the_token_does_what_its_script_needs_and_nothing_else(script, method, path):
    answer = script.generic(method.upper(), path, "{}", content_type="application/json")
    if (method, path) in ALLOWED:
        assert answer.status_code in (200, 400, 409), "the token is let through; what the empty body lacks is named"
    else:
        assert answer.status_code == 403, answer.content


def test_the_console_does_not_know_the_token(script):
    assert script.get("/admin/distillation/trainingtask/").status_code == 302


def test_the_person_behind_the_token_is_the_actor(script):
    assert script.post(f"{ROOT}/tasks/{MINE}/complete").status_code == 200
    assert TaskTransition.objects.get(task__task_id=MINE).actor == "alice"
    assert AuditEntry.objects.filter(verb="complete", actor="alice", via="rest", object_id=MINE).count() == 1


def test_progress_and_points_leave_no_audit_rows(script):
    before = AuditEntry.objects.count()
    script.put(f"{ROOT}/tasks/{MINE}/progress?currentEpoch=1")
    script.post(f"{ROOT}/tasks/{MINE}/history", [{"epoch": 1}], format="json")
    script.post(f"{ROOT}/tasks/{MINE}/metrics", {"series": [{"name": "a", "steps": [1], "values": [1]}]}, format="json")
    assert AuditEntry.objects.count() == before


REPORTS = [
    ("put", "progress", {"currentEpoch": 1}),
    ("post", "history", [{"epoch": 1, "trainLoss": 0.5}]),
    ("post", "history", []),
    ("post", "metrics", {"series": [{"name": "loss", "steps": [1], "values": [0.5]}]}),
    ("put", "model-path", {"modelPath": "/models/x.pt"}),
    ("post", "evaluations", {"f1Score": 90}),
]


@pytest.mark.parametrize(("method", "path", "body"), REPORTS)
def test_any_report_ends_a_silence(script, method, path, body):
    long_ago = timezone.now() - timedelta(seconds=1)
    TrainingTask.objects.filter(task_id=MINE).update(lease_until=long_ago)
    assert reap() == 1
    lost = script.get(f"{ROOT}/tasks/{MINE}").json()["data"]
    assert (lost["status"], lost["lostContact"]) == ("RUNNING", True)
    assert getattr(script, method)(f"{ROOT}/tasks/{MINE}/{path}", body, format="json").status_code == 200
    found = script.get(f"{ROOT}/tasks/{MINE}").json()["data"]
    assert (found["status"], found["lostContact"]) == ("RUNNING", False)
    lease = TrainingTask.objects.get(task_id=MINE).lease_until
    assert lease is not None
    assert lease > timezone.now() + lifecycle.EXTERNAL_LEASE - timedelta(seconds=10)
    assert reap() == 0


@pytest.mark.parametrize(("method", "path"), [("post", "complete"), ("put", "error")])
def test_an_end_ends_a_silence_for_good(script, method, path):
    TrainingTask.objects.filter(task_id=MINE).update(lease_until=timezone.now() - timedelta(seconds=1))
    reap()
    assert getattr(script, method)(f"{ROOT}/tasks/{MINE}/{path}").status_code == 200
    assert script.get(f"{ROOT}/tasks/{MINE}").json()["data"]["lostContact"] is False
    assert reap() == 0


def test_a_silent_script_is_never_queued_again(script):
    TrainingTask.objects.filter(task_id=MINE).update(lease_until=timezone.now() - timedelta(days=3))
    assert (reap(), reap()) == (1, 0), "once is enough"
    assert TrainingTask.objects.get(task_id=MINE).attempt == 0
    assert not TaskTransition.objects.filter(task__task_id=MINE).exists()


def test_an_evaluation_that_got_no_answer_may_be_repeated(script):
    body = {"f1Score": 91.23456, "evalTime": "2026-01-31T13:45:00+00:00", "detailedResults": "{}"}
    ids = {script.post(f"{ROOT}/tasks/{MINE}/evaluations", body, format="json").json()["data"]["id"] for _ in range(3)}
    assert len(ids) == 1
    other = script.post(f"{ROOT}/tasks/{MINE}/evaluations", {**body, "f1Score": 92}, format="json").json()["data"]
    assert other["id"] not in ids


def test_two_evaluations_without_a_time_are_two(script):
    ids = {
        script.post(f"{ROOT}/tasks/{MINE}/evaluations", {"f1Score": 1}, format="json").json()["data"]["id"]
        for _ in range(2)
    }
    assert len(ids) == 2


def test_progress_that_crosses_a_stop_is_told_so(script):
    seen = TrainingTask.objects.get(task_id=MINE)
    TrainingTask.objects.filter(task_id=MINE).update(status="STOPPED")
    with pytest.raises(Refused):
        reports.report_progress(seen, "alice", current_epoch=2)
    assert TrainingTask.objects.get(task_id=MINE).current_epoch == 0
