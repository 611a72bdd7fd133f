"""The legacy style: HTTP 200, code 500 and the sentence in data, which is what the old page shows."""

from __future__ import annotations

import pytest

from distillation import selectors
from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import TaskFactory


@pytest.fixture(autouse=True)
def legacy(settings):
    settings.DISTILLATION_ERROR_STYLE = "legacy"


def refusal(answer):
    assert answer.status_code == 200
    value = answer.json()
    assert value["message"] == value["data"]
    assert isinstance(value["data"], str)
    assert value["data"]
    return value


def test_success_looks_the_same(api):
    assert api.get(f"{ROOT}/tasks").json() == {"code": 200, "message": "OK", "data": []}


def test_nobody_gets_the_session_code_as_text(anonymous):
    answer = anonymous.get(f"{ROOT}/tasks")
    assert refusal(answer)["code"] == "8888"
    assert "WWW-Authenticate" not in answer


def test_wrong_credentials_get_the_session_code_as_text(anonymous):
    assert refusal(anonymous.get(f"{ROOT}/tasks", headers={"authorization": "Basic YTpi"}))["code"] == "8888"


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("GET", "/tasks/TASK_NONE", ""),
        ("POST", "/tasks", "{}"),
        ("POST", "/tasks", "{"),
        ("PUT", "/tasks", "{}"),
        ("GET", "/nothing", ""),
        ("POST", "/tasks/TASK_1/resume", ""),
        ("GET", "/tasks?page=x", ""),
        ("GET", "/tasks/TASK_1/model", ""),
    ],
)
def test_every_refusal_is_200_with_code_500(api, method, path, sent):
    TaskFactory(task_id="TASK_1")
    assert refusal(api.generic(method, ROOT + path, sent, content_type="application/json"))["code"] == 500


def test_an_unexpected_exception_is_200_with_code_500(api, monkeypatch):
    monkeypatch.setattr(selectors, "visible_tasks", lambda user: 1 / 0)
    assert refusal(api.get(f"{ROOT}/tasks"))["code"] == 500
