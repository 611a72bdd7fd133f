"""The last pass over the schema: what holds for every query parameter and every body, and no serializer can say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")


def finish(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """An empty query parameter counts as absent; a body that may be empty may be left out or null.

    The signature is that of drf-spectacular's hooks.
    """
    for operation in _operations(result):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                parameter["allowEmptyValue"] = True
        body = operation.get("requestBody")
        if body is not None and _may_be_empty(result, body):
            body.pop("required", None)
            for content in body["content"].values():
                content["schema"] = {"allOf": [content["schema"]], "nullable": True}
    return result


def _operations(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in result["paths"].values():
        yield from (operation for method, operation in methods.items() if method in METHODS)


def _may_be_empty(result: dict[str, Any], body: dict[str, Any]) -> bool:
    schemas = [_resolved(result, content["schema"]) for content in body["content"].values()]
    return all(schema.get("type") == "object" and not schema.get("required") for schema in schemas)


def _resolved(result: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = result["components"]["schemas"][name] if name else schema
    return found
