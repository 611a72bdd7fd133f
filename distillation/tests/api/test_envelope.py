"""Every answer below the API's root has code, message and data, whatever went wrong."""

from __future__ import annotations

from itertools import product

import pytest

from distillation import selectors
from distillation.tests.api.conftest import ROOT

ABSENT = [
    "", "/", "/nothing", "/tasks/", "/tasks/TASK_1/",
    "/inference", "/auth/login", "/a%0Ab", "/tasks/a%2Fb",
    "/lora-presets/a/b", "/%00", "/\u4e2d",
]  # fmt: skip


def envelope(answer):
    assert answer["Content-Type"] == "application/json"
    value = answer.json()
    assert set(value) == {"code", "message", "data"}
    return value


def test_success_is_200_with_code_200(api):
    assert envelope(api.get(f"{ROOT}/tasks")) == {"code": 200, "message": "OK", "data": []}


@pytest.mark.parametrize("path", ABSENT)
def test_an_unknown_address_is_404(api, anonymous, path):
    for client, method in product((api, anonymous), ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")):
        answer = client.generic(method, f"{ROOT}{path}")
        assert answer.status_code == 404
        assert envelope(answer) == {"code": 404, "message": "There is nothing at this address.", "data": None}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/tasks", "GET, POST"),
        ("POST", "/tasks/running", "GET"),
        ("PUT", "/tasks/TASK_1", "GET, PATCH, DELETE"),
        ("GET", "/tasks/TASK_1/start", "POST"),
        ("POST", "/lora-presets/x", "GET, PUT, PATCH, DELETE"),
        ("OPTIONS", "/tasks", "GET, POST"),
        ("FOO", "/datasets", "GET"),
    ],
)
def test_a_method_that_is_not_possible_is_405_and_names_those_that_are(api, method, path, allowed):
    answer = api.generic(method, f"{ROOT}{path}")
    assert answer.status_code == 405
    value = envelope(answer)
    assert value["code"] == 405
    assert value["data"] is None
    for name in allowed.split(", "):
        assert name in value["message"]


def test_any_accept_header_gets_json(api):
    for accept in ("text/html", "application/xml", "nonsense", "application/json;q=0"):
        envelope(api.get(f"{ROOT}/tasks?format=xml", headers={"accept": accept}))


def test_an_unexpected_exception_is_logged_and_500(api, monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(selectors, "visible_tasks", broken)
    answer = api.get(f"{ROOT}/tasks")
    assert answer.status_code == 500
    value = envelope(answer)
    assert value["code"] == 500
    assert "secret" not in value["message"]
    assert "secret detail" in caplog.text


def test_what_breaks_outside_the_views_is_enveloped_too(api):
    answer = api.get(f"{ROOT}/tasks", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert envelope(answer)["code"] == 400


def test_messages_follow_the_language_of_the_reader(api):
    english = api.get(f"{ROOT}/lora-presets/nobody").json()["message"]
    assert english == "There is no LoRA preset nobody."


def test_the_request_id_is_echoed(api):
    assert api.get(f"{ROOT}/tasks", headers={"x-request-id": "abc-1"})["X-Request-Id"] == "abc-1"
