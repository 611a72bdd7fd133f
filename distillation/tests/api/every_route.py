"""Every route with its description: tests that walk it cover a new route without being told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.urls import URLPattern, reverse
from drf_spectacular.generators import SchemaGenerator

from distillation.api import auth_urls, urls

PLATFORM, SCRIPT, PRESET = "TASK_PLATFORM", "TASK_SCRIPT", "预设"
REPORTS = {"task-progress", "task-complete", "task-error", "task-model-path", "task-token", "history", "evaluations",
           "metrics"}  # fmt: skip
"""Routes that only a script's task lets through."""
_VALUES = {"preset_name": PRESET, "status": "PENDING", "prefix": "none", "name": "none", "inference_id": "INF-NONE"}


@dataclass(frozen=True)
class Operation:
    """One method of one route."""

    method: str
    name: str
    template: str = field(compare=False)
    """Its path in the schema."""

    def path(self, **values: str) -> str:
        """The address of rows that exist, or of the values that are given (quoted already)."""
        found = _VALUES | {"task_id": SCRIPT if self.name in REPORTS else PLATFORM} | values
        return self.template.format_map(found)

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """The schemas of its query parameters."""
        listed = self._described().get("parameters", [])
        return {entry["name"]: entry["schema"] for entry in listed if entry["in"] == "query"}

    @property
    def properties(self) -> dict[str, dict[str, Any]]:
        """The schemas of what its body holds."""
        content = self._described().get("requestBody", {}).get("content", {})
        return _properties(content["application/json"]["schema"]) if content else {}

    def _described(self) -> Any:
        return _schema()["paths"][self.template][self.method]

    def __str__(self) -> str:
        return f"{self.method} {self.name}"


def operations(*, writes: bool | None = None) -> list[Operation]:
    """All of them, or those that write, or those that read."""
    found = []
    for namespace, module in (("api", urls), ("auth", auth_urls)):
        for pattern in module.urlpatterns:
            assert isinstance(pattern, URLPattern)
            if pattern.name == "nothing":
                continue
            marks = {name: "{" + name + "}" for name in pattern.pattern.converters}
            template = unquote(reverse(f"{namespace}:{pattern.name}", kwargs=marks))
            found += [Operation(method, str(pattern.name), template) for method in vars(pattern.callback)["actions"]]
    return [operation for operation in found if writes is None or (operation.method != "get") == writes]


def assert_leaks_nothing(answer: Any) -> None:
    """An envelope in JSON, without a stack trace and without a path of this machine."""
    assert set(answer.json()) == {"code", "message", "data"}
    text = answer.content.decode()
    for secret in (
        "Traceback",
        "site-packages",
        "sys.set_int",
        str(settings.BASE_DIR),
        str(settings.DISTILLATION_HOME),
    ):
        assert secret not in text


@cache
def _schema() -> dict[str, Any]:
    return dict(SchemaGenerator().get_schema(request=None, public=True))


def _properties(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    if "$ref" in schema:
        schema = _schema()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found = dict(schema.get("properties", {}))
    for inner in (*schema.get("allOf", []), *schema.get("oneOf", [])):
        found |= _properties(inner)
    return found
