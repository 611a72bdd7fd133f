"""Describing endpoints: one helper that wraps answers into the envelope and adds errors and examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from django.utils.translation import gettext
from drf_spectacular.authentication import BasicScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers

from distillation.api.examples.answers import ANSWERS, TEXTS
from distillation.api.examples.errors import ERRORS
from distillation.api.examples.requests import REQUESTS

Serializer = type[serializers.BaseSerializer[Any]]
View = TypeVar("View")

EVERYWHERE = (400, 401, 403, 429)
"""A query that is no text, no session, a token without the scope, too many requests."""
WITH_A_BODY = (413, 415)
HEADERS = (
    OpenApiParameter("WWW-Authenticate", str, OpenApiParameter.HEADER, required=True, response=[401]),
    OpenApiParameter("Retry-After", int, OpenApiParameter.HEADER, required=True, response=[429],
                     description="Seconds."),
)  # fmt: skip
TOTAL = OpenApiParameter(
    "X-Total-Count", int, OpenApiParameter.HEADER, required=True, response=[200],
    description="How many rows there are; the array may hold fewer.",
)  # fmt: skip


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
    if name in ANSWERS:
        value = ANSWERS[name]
        wrapped.example = {"code": 200, "message": "OK", "data": [value] if many else value}  # type: ignore[attr-defined]
    # Otherwise the schema makes a list of everything that a view called ``list`` sends.
    return extend_schema_serializer(many=False)(wrapped)  # type: ignore[no-any-return]


def describe(
    summary: Any,
    answer: Any = None,
    *,
    tag: str,
    request: Any = None,
    errors: Sequence[int] = (400, 401, 403, 404, 409),
    query: Sequence[OpenApiParameter] = (),
    operation: str,
    description: Any = None,
) -> Callable[[View], View]:
    """Describe one operation; ``answer`` is what success sends, without one null in the envelope.

    ``description`` stands for the method's docstring where readers of every language need it.
    """
    success = answer if isinstance(answer, dict) else {200: answer or enveloped(None)}
    codes = sorted({*EVERYWHERE, *errors, *(WITH_A_BODY if request is not None else ())})
    return extend_schema(  # type: ignore[no-any-return]
        summary=summary,
        operation_id=operation,
        description=description,
        tags=[tag],
        # Forms are read too; what one would look like says nothing that the JSON does not say.
        request=None if request is None else {"application/json": request},
        parameters=[*query, *HEADERS],
        responses={**success, **dict.fromkeys(codes, ErrorEnvelopeSerializer)},
        examples=[
            *_request_examples(operation),
            *_answer_examples(success.get(200)),
            *_text_examples(operation),
            *map(_error_example, codes),
        ],
    )


def _request_examples(operation: str) -> list[OpenApiExample]:
    return [OpenApiExample(name, value=value, request_only=True) for name, value in REQUESTS.get(operation, {}).items()]


def _answer_examples(answer: Any) -> list[OpenApiExample]:
    """Of the answer's serializer, or of each one that it may be."""
    choices = getattr(answer, "serializers", None) or [answer]
    return [
        OpenApiExample(choice.__name__.removesuffix("EnvelopeSerializer"), value=choice.example, response_only=True,
                       status_codes=["200"])
        for choice in choices
        if hasattr(choice, "example")
    ]  # fmt: skip


def _text_examples(operation: str) -> list[OpenApiExample]:
    if operation not in TEXTS:
        return []
    media_type, text = TEXTS[operation]
    return [OpenApiExample("Text", value=text, response_only=True, status_codes=["200"], media_type=media_type)]


def _error_example(code: int) -> OpenApiExample:
    name, message, data = ERRORS[code]
    value = {"code": code, "message": message, "data": data}
    return OpenApiExample(name, value=value, response_only=True, status_codes=[str(code)])


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[misc]
    """``Authorization: Bearer`` in the documentation, so that its pages can log in."""

    target_class = "distillation.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """A session token of /auth/login, or a script token."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": gettext("The token of /auth/login, or a script token."),
        }


class PasswordScheme(BasicScheme):  # type: ignore[misc]
    """``Authorization: Basic``; ours is looked up by its own name only."""

    target_class = "distillation.api.authentication.PasswordAuthentication"


def query_parameter(name: str, description: Any, kind: Any = str, **options: Any) -> OpenApiParameter:
    """One optional query parameter; ``kind`` is a type or a schema."""
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description, **options)
