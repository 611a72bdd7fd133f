"""Describing endpoints: one helper that wraps answers into the envelope and adds the errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers

Serializer = type[serializers.BaseSerializer[Any]]
View = TypeVar("View")


class ErrorEnvelopeSerializer(serializers.Serializer[Any]):
    """Every error. Field errors are ``{field: [sentences]}``."""

    code = serializers.IntegerField(help_text="The HTTP status; in the legacy style 500, or a session code as text.")
    message = serializers.CharField(help_text="A sentence that a person can act on.")
    data = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()), allow_null=True
    )


@cache
def enveloped(serializer: Serializer | None, *, many: bool = False, nullable: bool = False) -> Serializer:
    """The serializer of ``{"code", "message", "data"}`` around another one; None stands for null."""
    name = "Nothing" if serializer is None else serializer.__name__.removesuffix("Serializer")
    if serializer is None:
        data: Any = serializers.JSONField(allow_null=True, help_text="null")
    elif many:
        data = serializer(many=True)
    else:
        data = serializer(allow_null=nullable)
    fields = {"code": serializers.IntegerField(), "message": serializers.CharField(), "data": data}
    suffix = f"{'List' if many else ''}{'OrNull' if nullable else ''}EnvelopeSerializer"
    wrapped = type(f"{name}{suffix}", (serializers.Serializer,), fields)
    # Otherwise the schema makes a list of everything that a view called ``list`` sends.
    return extend_schema_serializer(many=False)(wrapped)  # type: ignore[no-any-return]


def describe(
    summary: Any,
    answer: Any = None,
    *,
    tag: str,
    request: Any = None,
    errors: Sequence[int] = (400, 401, 404, 409),
    query: Sequence[OpenApiParameter] = (),
    operation: str,
) -> Callable[[View], View]:
    """Describe one operation; ``answer`` is what success sends, without one null in the envelope."""
    success = answer if isinstance(answer, dict) else {200: answer or enveloped(None)}
    return extend_schema(  # type: ignore[no-any-return]
        summary=summary,
        operation_id=operation,
        tags=[tag],
        request=request,
        parameters=list(query),
        responses={**success, **dict.fromkeys(errors, ErrorEnvelopeSerializer)},
    )


def query_parameter(name: str, description: Any, kind: type = str, **options: Any) -> OpenApiParameter:
    """One optional query parameter."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description, **options)
