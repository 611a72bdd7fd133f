"""What a client sends never becomes a 5xx, and never reaches a row it should not."""

from __future__ import annotations

import asyncio
import json
from io import BytesIO
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from rest_framework_simplejwt.tokens import AccessToken

from distillation.api.views.base import ApiView
from distillation.models import (
    LoraPreset,
    MetricPoint,
    ModelEvaluation,
    ScriptToken,
    TaskTransition,
    TrainingHistory,
    TrainingTask,
)
from distillation.tests.api.conftest import ROOT, person
from distillation.tests.api.every_route import PLATFORM, PRESET, SCRIPT, assert_leaks_nothing, operations
from distillation.tests.factories import PresetFactory, TaskFactory

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
TABLES = (TrainingTask, LoraPreset, TrainingHistory, ModelEvaluation, MetricPoint, ScriptToken, TaskTransition)
ADDRESSES = {
    "NUL": "%00", "not UTF-8": "%ff%fe", "half a pair": "%ED%A0%80", "long": "x" * 5000,
    "SQL": "'%22;--%20DROP%20TABLE", "wild cards": "%25%5F", "emoji": "%F0%9F%98%80",
    "HTML": "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "up": "..%2F..%2Fdb.sqlite3", "up twice": "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd", "absolute": "%2Fetc%2Fpasswd",
    "backslashes": "..%5C..%5Cdb.sqlite3", "blank": "%20", "a format": "%7B0.__class__%7D",
}  # fmt: skip


@pytest.fixture
def rows(api, digits) -> None:
    TaskFactory(task_id=PLATFORM, training_mode="direct", teacher_model="")
    TaskFactory(task_id=SCRIPT, executor="external", status="RUNNING")
    PresetFactory(preset_name=PRESET)
    LoraPreset.objects.update(create_by="alice")


def counts() -> list[int]:
    return [table.objects.count() for table in TABLES]


@pytest.mark.parametrize("operation", operations(writes=True), ids=str)
def test_no_body_breaks_any_route_and_what_is_refused_writes_nothing(api, rows, operation):
    for name, body in BODIES.items():
        before = counts()
        answer = api.generic(operation.method.upper(), operation.path(), body, content_type="application/json")
        assert answer.status_code in (200, 400, 401, 404, 409, 413), (name, answer.content)
        assert_leaks_nothing(answer)
        assert answer.json()["message"], name
        if answer.status_code != 200:
            assert counts() == before, name
    # What was written must be readable again.
    for read in operations(writes=False):
        if read.name not in ("stream", "logs-download"):
            assert api.get(read.path()).status_code in (200, 404)


@pytest.mark.parametrize("operation", operations(), ids=str)
def test_no_address_breaks_any_route_or_leads_anywhere(api, rows, operation):
    parts = [
        name for name in ("task_id", "preset_name", "status", "prefix", "name") if f"{{{name}}}" in operation.template
    ]
    before = counts()
    for part in parts:
        for name, address in ADDRESSES.items():
            answer = api.generic(operation.method.upper(), operation.path(**{part: address}), "{}",
                                 content_type="application/json")  # fmt: skip
            assert answer.status_code in (400, 404, 405), (part, name, answer.content)
            assert_leaks_nothing(answer)
    assert counts() == before


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("half an object", "The body is not valid JSON"),
        ("an array", "The body must be a JSON object."),
        ("not UTF-8", "The body is not UTF-8."),
        ("deep", "The body is nested too deeply."),
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


@pytest.mark.parametrize("value", ["%ff%fe", "x" * 250, "%ED%A0%80", "'%22;--", "%25%5F", "\U0001f600", "%3Cb%3E"])
@pytest.mark.parametrize("operation", [one for one in operations(writes=False) if one.parameters], ids=str)
def test_no_text_in_a_query_breaks_the_server(api, rows, operation, value):
    for name in operation.parameters:
        answer = api.get(f"{operation.path()}?{name}={value}")
        assert answer.status_code in (200, 400, 404), (name, answer.content)
        if not answer.streaming:
            assert_leaks_nothing(answer)


@pytest.mark.parametrize("query", ["keyword=%ff", "keyword=a&keyword=%E4%BD", "page=1&%ff=1", "keyword=a%00"])
def test_a_query_that_is_no_text_is_400_with_its_name(api, query):
    answer = api.get(f"{ROOT}/tasks?{query}")
    assert answer.status_code == 400
    name = next(iter(answer.json()["data"]))
    assert name in ("keyword", "\ufffd")
    assert answer.json()["message"] == f"{name} contains characters that are not text."
    assert api.get(f"{ROOT}/tasks?keyword=%E4%BD%A0%25ff+b&empty&=").status_code == 200


def test_many_parameters_are_400(api):
    query = "&".join(f"a{index}=1" for index in range(2000))
    assert api.get(f"{ROOT}/tasks?{query}").status_code == 400


def test_a_page_beyond_the_end_is_refused_and_the_first_one_of_nothing_is_not(api):
    assert api.get(f"{ROOT}/tasks?page=1").json()["data"] == {
        "records": [], "total": 0, "current": 1, "size": 10, "pages": 0,
    }  # fmt: skip
    TaskFactory()
    for page in ("2", "9" * 18):
        answer = api.get(f"{ROOT}/tasks?page={page}")
        assert answer.status_code == 400
        assert answer.json()["data"] == {"page": [f"page is {page}; the last page is 1."]}


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


async def chunked(path: str, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    """Status and answer of a POST without a length, as uvicorn hands it over."""
    pieces = [body[start : start + 2**20] for start in range(0, len(body), 2**20)]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if pieces:
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    fields = {"transfer-encoding": "chunked", "content-type": "application/json", "host": "localhost", **headers}
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "http_version": "1.1",
             "headers": [(name.encode(), value.encode()) for name, value in fields.items()],
             "client": ("127.0.0.1", 1), "server": ("localhost", 80), "scheme": "http"}  # fmt: skip
    for signal in (request_started, request_finished):  # as Django's test client: the test's transaction lives on
        signal.disconnect(close_old_connections)
    try:
        await get_asgi_application()(scope, receive, send)
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent[1:]))


def test_a_chunked_body_that_is_too_large_is_413_with_the_sentence(db, caplog):
    token = f"Bearer {AccessToken.for_user(person('林工', 'R_ENGINEER'))}"
    body = b'{"taskName": "' + b"x" * 11_000_000 + b'"}'
    status, answer = async_to_sync(chunked)(f"{ROOT}/tasks", body, authorization=token, **{"accept-language": "en"})
    assert (status, answer["message"]) == (413, "The body of the request is too large.")
    assert "Traceback" not in caplog.text
    status, answer = async_to_sync(chunked)(f"{ROOT}/tasks", b"{}", authorization=token)
    assert (status, "taskName" in answer["data"]) == (400, True)
    assert async_to_sync(chunked)(f"{ROOT}/tasks", body)[0] == 401
