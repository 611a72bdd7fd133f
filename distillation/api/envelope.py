"""The envelope of every answer: ``{"code", "message", "data"}``; ``data`` is always there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from django.utils.translation import gettext
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.utils.encoders import JSONEncoder


class Envelope(dict[str, Any]):
    """An answer that is complete; the renderer wraps everything else as a success."""


def success(data: Any) -> Envelope:
    """Code 200 around the data; a legacy client takes an absent key for a failure, so null is sent."""
    return Envelope(code=200, message=gettext("OK"), data=data)


class EnvelopeRenderer(JSONRenderer):
    """JSON in UTF-8, always inside the envelope."""

    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The bytes of the answer."""
        answer = data if isinstance(data, Envelope) else success(data)
        return orjson.dumps(answer, JSONEncoder().default, orjson.OPT_PASSTHROUGH_DATETIME)


class OneRepresentation(BaseContentNegotiation):
    """JSON whatever ``Accept`` and ``?format=`` ask for: a 406 would help no client of this API."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The parser of the body's type; None when there is none."""
        content_type = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The first one."""
        return renderers[0], renderers[0].media_type
