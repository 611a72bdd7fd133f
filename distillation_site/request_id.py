"""Every request has an id: the client's ``X-Request-Id`` or a new one; it is echoed and logged."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

_current: ContextVar[str] = ContextVar("request_id", default="-")
_SAFE = re.compile(r"[A-Za-z0-9._:-]{1,100}")


class RequestIdMiddleware:
    """Set the id for the time of the request; a client's id with unsafe characters is replaced."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Answer with the id in the header."""
        if iscoroutinefunction(self):
            return self._acall(request)
        given = _begin(request)
        response = self.get_response(request)
        response["X-Request-Id"] = given
        return response

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        given = _begin(request)
        response: HttpResponse = await self.get_response(request)  # type: ignore[misc]
        response["X-Request-Id"] = given
        return response


def _begin(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-Id", "")
    value = given if _SAFE.fullmatch(given) else uuid.uuid4().hex
    _current.set(value)
    return value


class RequestIdFilter(logging.Filter):
    """Give every log record the id of the request it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops a record."""
        record.request_id = _current.get()
        return True
