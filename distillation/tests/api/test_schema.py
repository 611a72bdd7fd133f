"""The schema is complete, generated from the catalogue, and an intended change shows in the diff."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.utils.translation import override

from distillation.api.views.auth import LOGOUT
from distillation.api.views.tasks import ROWS
from distillation.contract.options import OPTIONS
from distillation.tests.api.test_who_may_what import ROUTES

SNAPSHOT = Path(__file__).with_name("schema.yml")
COMMAND = f"manage.py spectacular --lang en --validate --fail-on-warn --file {SNAPSHOT.name}"


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    path = tmp_path_factory.mktemp("schema") / "schema.yml"
    call_command("spectacular", lang="en", validate=True, fail_on_warn=True, file=str(path))
    return path.read_text(encoding="utf-8")


def test_it_equals_the_snapshot(schema):
    assert schema == SNAPSHOT.read_text(encoding="utf-8"), (
        f"The API's schema changed. If that is meant, run in {SNAPSHOT.parent}: {COMMAND}"
    )


@pytest.fixture(scope="module")
def parsed(schema):
    return yaml.safe_load(schema)


def operations(parsed):
    for path, methods in parsed["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_every_route_is_described_with_its_errors(parsed):
    described = [(method, path) for method, path, _ in operations(parsed) if path != "/health/"]
    assert len(described) == len(ROUTES)
    for method, path, operation in operations(parsed):
        assert operation["summary"], (method, path)
        if path == "/health/":
            continue
        assert "401" in operation["responses"], (method, path)
        assert "{task_id}" not in path or "404" in operation["responses"], (method, path)


def test_every_answer_is_an_envelope(parsed):
    components = parsed["components"]["schemas"]
    for method, path, operation in operations(parsed):
        if path == "/health/" or path.endswith(("/model", "/logs/download", "/artifacts/{name}", "/stream")):
            continue
        name = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].split("/")[-1]
        options = components[name].get("oneOf", [{"$ref": name}])
        for option in options:
            properties = components[option["$ref"].split("/")[-1]]["properties"]
            assert set(properties) == {"code", "message", "data"}, (method, path)


def test_limits_of_a_create_request_are_those_of_the_catalogue(parsed):
    properties = parsed["components"]["schemas"]["TaskSettingsRequest"]["properties"]
    assert set(properties) == {option.name for option in OPTIONS} | {"epochs", "trainingConfig"}
    for option in OPTIONS:
        found = properties[option.name]
        assert found.get("default") == option.default
        value = found["anyOf"][0] if "anyOf" in found else found  # a number may also come as text
        assert value.get("maxItems") == option.max_items
        value = value["items"] if option.kind == "integers" else value
        assert value.get("minimum") == option.minimum
        assert value.get("maximum") == option.maximum
        assert value.get("enum") == (list(option.choices) or None)
        assert option.choices or option.kind == "list" or value.get("maxLength") == option.max_length


def test_what_a_page_leaves_out_and_what_a_logout_ends_is_said_in_both_languages():
    for language, says in (("en", "leave out trainingConfig"), ("zh-hans", "分页的行不含 trainingConfig")):
        with override(language):
            assert says in str(ROWS)
    for language, says in (("en", "stays valid until it expires"), ("zh-hans", "仍然有效")):
        with override(language):
            assert says in str(LOGOUT)
