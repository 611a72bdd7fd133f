"""Every field of every body and every query parameter: what cannot be is a 400 that names the field."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from distillation.models import (
    LoraPreset,
    MetricPoint,
    ModelEvaluation,
    ScriptToken,
    TaskTransition,
    TrainingHistory,
    TrainingTask,
)
from distillation.tests.api.every_route import (
    PLATFORM,
    PRESET,
    SCRIPT,
    Operation,
    assert_leaks_nothing,
    operations,
)
from distillation.tests.factories import PresetFactory, TaskFactory

TABLES = (TrainingTask, LoraPreset, TrainingHistory, ModelEvaluation, MetricPoint, ScriptToken, TaskTransition)
BESIDE: dict[str, dict[str, Any]] = {
    "login": {"userName": "alice", "password": "x"},
    "tokens": {"name": "x"},
    "tasks-bulk": {"action": "stop", "taskIds": [PLATFORM]},
    "history": {"epoch": 1},
    "task-progress": {"currentEpoch": 1},
    "metrics": {"series": []},
}
"""What a body must hold beside the field, so that the field is reached."""
NOT_TOLD = {"tasks-validate"}
"""It answers 200 with all problems."""
OBJECT = {"a": [1]}
NO_TEXT = ["a\0b", "\ud800"]
NOT_NUMBERS = ["abc", "1,5", "٣", "0x10", "1" * 60, True, [1], OBJECT]
BEYOND = [10**30, -(10**30), 1e300, -1e300, 2**63]
RAW = ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000]


def ids(operation: Operation) -> str:
    return str(operation)


@pytest.fixture
def rows(db, digits, api) -> None:
    TaskFactory(task_id=PLATFORM, training_mode="direct", teacher_model="")
    TaskFactory(task_id=SCRIPT, executor="external", status="RUNNING")
    PresetFactory(preset_name=PRESET)


def counts() -> list[int]:
    return [table.objects.count() for table in TABLES]


def kinds(schema: dict[str, Any]) -> set[str]:
    """The JSON types that a property takes."""
    choices = [schema, *schema.get("anyOf", [])]
    return {choice["type"] for choice in choices if "type" in choice} or {"anything"}


def wrong_values(schema: dict[str, Any]) -> list[Any]:
    """What a property of this schema cannot be."""
    takes = kinds(schema)
    if takes & {"anything", "object"}:
        return NO_TEXT
    wrong: list[Any] = [*NO_TEXT]
    if "array" not in takes:
        wrong += [OBJECT, [[[]]]]
    if takes & {"integer", "number"} and "boolean" not in takes and not _is_text_too(schema):
        wrong += [*NOT_NUMBERS, *BEYOND]
    elif "boolean" in takes:
        wrong += ["maybe", 7, -1, 0.5]
    else:
        wrong += [True, 1.5]
        wrong += ["no-such-word"] * any("enum" in choice for choice in schema.get("anyOf", []))
        wrong += ["x" * (schema["maxLength"] + 1)] if "maxLength" in schema else []
    return wrong


def _is_text_too(schema: dict[str, Any]) -> bool:
    """An id that older clients send as a number."""
    return {"type": "integer"} in schema.get("anyOf", [])


def send(api: Any, operation: Operation, name: str, written: str) -> Any:
    beside = {key: value for key, value in BESIDE.get(operation.name, {}).items() if key != name}
    members = [*(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in beside.items()),
               f"{json.dumps(name)}: {written}"]  # fmt: skip
    return api.generic(
        operation.method.upper(), operation.path(), "{" + ", ".join(members) + "}", content_type="application/json"
    )


def assert_refused(answer: Any, name: str, sent: str) -> None:
    assert answer.status_code == 400, (name, sent[:80], answer.content)
    assert any(field.startswith(name) for field in answer.json()["data"]), (name, sent[:80], answer.content)
    assert answer.json()["message"]
    assert_leaks_nothing(answer)


@pytest.mark.parametrize("operation", [one for one in operations(writes=True) if one.name not in NOT_TOLD], ids=ids)
def test_a_wrong_value_is_refused_by_its_name_and_nothing_is_written(api, rows, operation):
    before = counts()
    for name, schema in operation.properties.items():
        for value in wrong_values(schema):
            sent = json.dumps(value)
            assert_refused(send(api, operation, name, sent), name, sent)
        for written in RAW:
            assert_refused(send(api, operation, name, written), name, written)
    assert counts() == before


def test_validate_tells_every_wrong_value(api, rows):
    operation = next(one for one in operations(writes=True) if one.name == "tasks-validate")
    for name, schema in operation.properties.items():
        for value in wrong_values(schema):
            if value in NO_TEXT:
                continue
            answer = send(api, operation, name, json.dumps(value))
            found = answer.json()["data"]
            assert name in [problem["field"] for problem in found["errors"]], (name, value, answer.content)
            assert found["valid"] is False


@pytest.mark.parametrize("operation", [one for one in operations() if one.parameters], ids=ids)
def test_a_wrong_parameter_is_refused_by_its_name(api, rows, operation):
    for name, schema in operation.parameters.items():
        for value in _wrong_texts(schema):
            path = f"{operation.path()}?{name}={quote(value)}"
            answer = api.generic(operation.method.upper(), path, "{}", content_type="application/json")
            assert_refused(answer, name, value)


def _wrong_texts(schema: dict[str, Any]) -> list[str]:
    wrong = ["\0", "a\0b"]
    if schema.get("type") == "integer":
        wrong += ["-1", "x", "1.5", "1e9", "9" * 30, "٣", "NaN", "[]", "true"]
        wrong += ["0"] * (schema.get("minimum", 0) > 0)
    elif schema.get("type") == "number":
        wrong += ["x", "NaN", "Infinity", "-Infinity", "1e999", "1e30"]
    elif schema.get("type") == "boolean":
        wrong += ["maybe", "2"]
    elif "enum" in schema or "pattern" in schema or "anyOf" in schema:
        wrong += ["no\x07such"] if "pattern" in schema else ["no-such-word"]
    if "maxLength" in schema:
        wrong.append("x" * (schema["maxLength"] + 1))
    return wrong
