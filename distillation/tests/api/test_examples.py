"""The documentation's examples are true: requests are sent and accepted, answers fit the schema that stands beside."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema
import pytest
import yaml
from django.core.management import call_command

from distillation.api.examples.answers import ANSWERS
from distillation.api.examples.requests import REQUESTS
from distillation.models import TrainingTask
from distillation.tests.api.conftest import PASSWORD, ROOT, client_of, person
from distillation.tests.factories import InferenceFactory, PresetFactory, TaskFactory
from distillation.tests.finished import finished_task

BINARY = "application/octet-stream"
EXTERNAL, PENDING = "TASK_EXTERNAL", "TASK_PENDING"
PATHS = {
    "auth_login": ("post", "/auth/login"),
    "auth_refresh": ("post", "/auth/refreshToken"),
    "auth_logout": ("post", "/auth/logout"),
    "tokens_create": ("post", "/auth/tokens"),
    "tasks_token": ("post", f"{ROOT}/tasks/{EXTERNAL}/token"),
    "tasks_create": ("post", f"{ROOT}/tasks"),
    "tasks_validate": ("post", f"{ROOT}/tasks/validate"),
    "tasks_edit": ("patch", f"{ROOT}/tasks/{PENDING}"),
    "tasks_clone": ("post", f"{ROOT}/tasks/{PENDING}/clone"),
    "tasks_bulk": ("post", f"{ROOT}/tasks/bulk"),
    "tasks_progress": ("put", f"{ROOT}/tasks/{EXTERNAL}/progress"),
    "tasks_error": ("put", f"{ROOT}/tasks/{EXTERNAL}/error"),
    "tasks_model_path": ("put", f"{ROOT}/tasks/{EXTERNAL}/model-path"),
    "tasks_bind_model": ("patch", f"{ROOT}/tasks/{PENDING}/bind-external-model"),
    "history_record": ("post", f"{ROOT}/tasks/{EXTERNAL}/history"),
    "metrics_report": ("post", f"{ROOT}/tasks/{EXTERNAL}/metrics"),
    "evaluations_record": ("post", f"{ROOT}/tasks/{EXTERNAL}/evaluations"),
    "inference_submit": ("post", f"{ROOT}/inference/submit"),
    "presets_create": ("post", f"{ROOT}/lora-presets"),
    "presets_replace": ("put", f"{ROOT}/lora-presets/mine"),
    "presets_edit": ("patch", f"{ROOT}/lora-presets/mine"),
}
CASES = [(operation, name) for operation, bodies in REQUESTS.items() for name in bodies]


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    path = tmp_path_factory.mktemp("schema") / "schema.yml"
    call_command("spectacular", lang="en", file=str(path))
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture
def client(db, digits, home):
    user = person("alice", "R_ENGINEER")
    TaskFactory(task_id=PENDING, training_mode="direct", teacher_model="", learning_rate="0.002")
    TaskFactory(task_id=EXTERNAL, executor="external", status="RUNNING", total_epochs=10)
    teacher = home / "runs" / "TASK_1A2B3C4D" / "model.safetensors"
    teacher.parent.mkdir(parents=True)
    teacher.write_bytes(b"weights")
    TaskFactory(task_id="TASK_1A2B3C4D", status="COMPLETED", model_path="runs/TASK_1A2B3C4D/model.safetensors")
    PresetFactory(preset_name="mine")
    finished_task("TASK_5E6F7A8B")
    (home / "uploads" / "2026-11").mkdir(parents=True)
    (digits / "unlabeled").mkdir()
    InferenceFactory()
    return client_of(user)


def sent(operation: str, name: str, client, home) -> Any:
    body = copy.deepcopy(REQUESTS[operation][name])
    if operation == "auth_login":
        body["password"] = PASSWORD
    if "refreshToken" in body:
        login = {"userName": "alice", "password": PASSWORD}
        body = client.post("/auth/login", login, format="json").json()["data"]
    if operation == "tasks_bind_model":
        safe_model(home / "models" / body["modelPath"])
    return body


def safe_model(path) -> None:
    """The smallest safetensors file: a header with one tensor, and its four bytes."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    path.parent.mkdir(parents=True)
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 4)


def test_every_request_body_has_an_example_and_every_answer(schema):
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            contents = list(operation.get("requestBody", {}).get("content", {}).items())
            contents += [
                item for answer in operation["responses"].values() for item in answer.get("content", {}).items()
            ]
            for media_type, content in contents:
                assert media_type == BINARY or content.get("examples"), (method, path, media_type)


def test_every_case_has_a_path():
    assert set(PATHS) == set(REQUESTS)


@pytest.mark.parametrize(("operation", "name"), CASES)
def test_a_request_is_accepted_and_answered_as_shown(client, home, operation, name):
    method, path = PATHS[operation]
    answer = getattr(client, method)(path, sent(operation, name, client, home), format="json")
    assert answer.status_code == 200, answer.content
    assert set(answer.json()) == {"code", "message", "data"}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("TaskDetail", f"/tasks/{PENDING}"),
        ("TaskPage", "/tasks?page=1"),
        ("EffectiveConfig", f"/tasks/{PENDING}/effective-config"),
        ("Capabilities", "/capabilities"),
        ("Statistics", "/statistics"),
        ("Curves", f"/tasks/{EXTERNAL}/metrics"),
        ("Resources", f"/tasks/{EXTERNAL}/resources"),
        ("LogPage", f"/tasks/{EXTERNAL}/logs"),
        ("Preset", "/lora-presets/mine"),
    ],
)
def test_an_answer_has_the_keys_of_its_example(client, name, path):
    assert list(client.get(ROOT + path).json()["data"]) == list(ANSWERS[name])


def test_rows_have_the_keys_of_their_examples(client):
    for name, path in (("Task", "/tasks"), ("CompletedModel", "/completed-models"), ("Dataset", "/datasets"),
                       ("Inference", "/inference/list")):  # fmt: skip
        assert list(client.get(ROOT + path).json()["data"][0]) == list(ANSWERS[name]), name
    assert TrainingTask.objects.exists()


def json_schema(schema: Any) -> Any:
    """OpenAPI 3.0's ``nullable`` in the words of JSON Schema."""
    if isinstance(schema, list):
        return [json_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: json_schema(value) for key, value in schema.items() if key not in ("example", "examples")}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") else plain


def test_every_example_fits_its_schema(schema):
    components = {"components": json_schema(schema["components"])}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            contents = [operation.get("requestBody", {}).get("content", {}).get("application/json", {})]
            contents += [
                answer.get("content", {}).get("application/json", {}) for answer in operation["responses"].values()
            ]
            for content in contents:
                for name, example in content.get("examples", {}).items():
                    try:
                        jsonschema.validate(example["value"], json_schema(content["schema"]) | components)
                    except jsonschema.ValidationError as error:
                        pytest.fail(f"{method} {path}, {name}: {error.message} at {list(error.absolute_path)}")
