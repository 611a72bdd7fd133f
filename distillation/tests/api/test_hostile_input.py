"""What a client sends never becomes a 5xx, and never reaches a row it should not."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from django.core.handlers.asgi import ASGIRequest

from distillation.api.views.base import ApiView
from distillation.models import TrainingTask
from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import TaskFactory

DEEP = b"[" * 100_000
HUGE = b'{"taskName": "' + b"x" * (11 * 1024 * 1024) + b'"}'
NAMES = ["taskName", "studentModel", "totalEpochs", "epoch", "currentEpoch", "accuracy", "presetName", "loraRank",
         "targetModules", "errorMessage", "trainingMode", "recordTime", "precision", "detailedResults"]  # fmt: skip
BODIES = {
    "nothing": b"",
    "half an object": b'{"taskName": ',
    "a word": b"hello",
    "null": b"null",
    "a number": b"7",
    "a text": b'"taskName"',
    "an array": b"[1, 2]",
    "an array of arrays": b"[[], [[]]]",
    "NaN": b'{"taskName": "a", "epoch": NaN, "currentEpoch": NaN, "loraRank": NaN}',
    "infinity": b'{"epoch": 1e999, "currentEpoch": -1e999, "learningRate": 1e999, "loraRank": 1e999}',
    "a long integer": b'{"epoch": ' + b"9" * 5000 + b"}",
    "a large integer": b'{"epoch": ' + b"9" * 400 + b', "currentEpoch": 1' + b"0" * 400 + b', "loraRank": 1e300}',
    "beyond 64 bits": b'{"epoch": 99999999999999999999, "currentEpoch": 99999999999999999999, "seed": 1e20}',
    "negative": b'{"epoch": -1, "currentEpoch": -1, "loraRank": -1, "totalEpochs": -5}',
    "NUL": b'{"taskName": "a\\u0000b", "presetName": "a\\u0000b", "errorMessage": "\\u0000", "epoch": "\\u0000"}',
    "half a pair": b'{"taskName": "\\ud800", "presetName": "\\udfff", "errorMessage": "\\ud800", "epoch": "\\ud800"}',
    "half a pair as a key": b'{"\\ud800": 1, "x\\u0000": 2}',
    "half a pair deep inside": b'{"detailedResults": {"a": ["\\ud83d"]}, "targetModules": ["\\ud83d"]}',
    "not UTF-8": b'{"taskName": "\xff\xfe"}',
    "a mark of byte order": "\ufeff{}".encode(),
    "UTF-16": '{"taskName": "a"}'.encode("utf-16"),
    "deep": DEEP,
    "deep and valid": b'{"detailedResults": ' + b"[" * 900 + b"]" * 900 + b', "epoch": 1}',
    "too large": HUGE,
    "objects for values": json.dumps({name: {"a": [1]} for name in NAMES}).encode(),
    "booleans for values": json.dumps(dict.fromkeys(NAMES, True)).encode(),
    "absurd times": b'{"epoch": 1, "recordTime": "9999-99-99 99:99:99", "evalTime": "0000-00-00"}',
    "the end of time": b'{"epoch": 1, "recordTime": "9999-12-31T23:59:59-12:00", "evalTime": "0001-01-01T00:00:00Z"}',
}
WRITES = [
    ("POST", "/tasks"),
    ("PATCH", "/tasks/TASK_P"),
    ("POST", "/tasks/TASK_P/clone"),
    ("POST", "/tasks/TASK_P/start"),
    ("PUT", "/tasks/TASK_X/progress"),
    ("PUT", "/tasks/TASK_X/error"),
    ("POST", "/tasks/TASK_X/history"),
    ("POST", "/tasks/TASK_X/evaluations"),
    ("POST", "/lora-presets"),
    ("PUT", "/lora-presets/标准配置"),
    ("PATCH", "/lora-presets/标准配置"),
]


@pytest.mark.parametrize("name", list(BODIES))
def test_no_body_breaks_the_server(api, name, digits):
    TaskFactory(task_id="TASK_P", training_mode="direct", teacher_model="")
    TaskFactory(task_id="TASK_X", executor="external", status="RUNNING")
    for method, path in WRITES:
        answer = api.generic(method, ROOT + path, BODIES[name], content_type="application/json")
        assert answer.status_code in (200, 400, 409, 413), (path, answer.content)
        assert set(answer.json()) == {"code", "message", "data"}
    # What was written must be readable again.
    for read in ("/tasks", "/lora-presets", "/tasks/TASK_X/history", "/tasks/TASK_X/evaluations"):
        assert api.get(ROOT + read).status_code == 200


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("half an object", "The body is not valid JSON"),
        ("an array", "The body must be a JSON object."),
        ("not UTF-8", "The body is not UTF-8."),
        ("deep", "The body is not valid JSON"),
        ("deep and valid", "The body is nested too deeply."),
        ("NUL", "taskName contains characters that are not text."),
    ],
)
def test_the_refusal_says_what_is_wrong(api, name, sentence):
    answer = api.generic("POST", f"{ROOT}/tasks", BODIES[name], content_type="application/json")
    assert answer.status_code == 400
    assert sentence in answer.json()["message"]


def test_too_large_a_body_is_413(api):
    answer = api.generic("POST", f"{ROOT}/tasks", HUGE, content_type="application/json")
    assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "nonsense", ""])
def test_a_body_of_another_type_is_415(api, kind):
    answer = api.generic("POST", f"{ROOT}/tasks", b"<a/>", content_type=kind)
    assert answer.status_code == 415
    assert answer.json()["code"] == 415


# Codecs that are no text (rot13, zip) break Django's WSGIRequest itself, before any code of ours; ASGI's survives.
@pytest.mark.parametrize("charset", ["utf-8", "utf-7", "idna", "utf-16", "gb18030", "nothing", "\u4e2d"])
def test_the_charset_of_the_header_breaks_nothing(api, charset):
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        answer = api.generic(
            "POST", f"{ROOT}/lora-presets?a=b", b'{"presetName": "x"}', content_type=f"{kind}; charset={charset}"
        )
        assert answer.status_code in (200, 400, 409)
    answer = api.generic("GET", f"{ROOT}/tasks?keyword=a", b"", content_type=f"text/plain; charset={charset}")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "value", ["0", "-1", "x", "1e9", "9" * 5000, "NaN", "1.5", "٣", "%00", "%ff", "[]", "true", " 1 ", "9" * 18]
)
def test_no_query_value_breaks_the_server(api, value):
    TaskFactory(task_id="TASK_1")
    for method, path, name in (
        ("GET", "/tasks", "page"), ("GET", "/tasks", "pageSize"), ("GET", "/tasks/recent", "limit"),
        ("GET", "/tasks/TASK_1/history/latest", "limit"), ("GET", "/completed-models", "minAccuracy"),
        ("POST", "/tasks/TASK_1/start", "fresh"),
    ):  # fmt: skip
        answer = api.generic(method, f"{ROOT}{path}?page=1&{name}={value}")
        assert answer.status_code in (200, 400, 409), (path, answer.content)


@pytest.mark.parametrize("value", ["%00", "%ff%fe", "x" * 5000, "%ED%A0%80", "'%22;--", "%25%5F", "\U0001f600"])
def test_no_filter_or_name_breaks_the_server(api, value):
    for name in ("status", "keyword", "teacherModel", "studentModel", "owner", "ordering", "taskType"):
        for path in ("/tasks", "/completed-models"):
            assert api.get(f"{ROOT}{path}?{name}={value}").status_code in (200, 400)
    for path in ("/tasks", "/tasks/status", "/lora-presets"):
        assert api.get(f"{ROOT}{path}/{value}").status_code in (400, 404)


def test_many_parameters_are_400(api):
    query = "&".join(f"a{index}=1" for index in range(2000))
    assert api.get(f"{ROOT}/tasks?{query}").status_code == 400


def test_a_page_behind_the_end_is_empty(api):
    TaskFactory()
    page = api.get(f"{ROOT}/tasks?page={'9' * 18}").json()["data"]
    assert page["records"] == []
    assert page["total"] == 1


def test_a_body_cannot_set_what_is_not_an_option(api, request_body):
    sent = {**request_body, "taskId": "MINE", "status": "COMPLETED", "createBy": "bob", "id": 99, "modelPath": "x"}
    task = api.post(f"{ROOT}/tasks", sent, format="json").json()["data"]
    row = TrainingTask.objects.get()
    assert (row.status, row.create_by, row.model_path) == ("PENDING", "alice", None)
    assert task["taskId"] == row.task_id != "MINE"


def test_a_chunked_body_without_a_length_is_read():
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"",
             "headers": [(b"transfer-encoding", b"chunked"), (b"content-type", b"application/json")]}  # fmt: skip
    request = ASGIRequest(scope, BytesIO(b'{"presetName": "a"}'))
    view = ApiView()
    view.action_map = {"post": "create"}
    assert view.initialize_request(request).data == {"presetName": "a"}
