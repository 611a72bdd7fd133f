"""Every request has an id: the client's ``X-Request-Id`` or a new one; it is echoed and logged."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

_current: ContextVar[str] = ContextVar("request_id", default="-")
_SAFE = re.compile(r"[A-Za-z0-9._:-]{1,100}")


Handler = Callable[[HttpRequest], Any]


@sync_and_async_middleware
def request_id_middleware(get_response: Handler) -> Handler:
    """Set the id for the time of the request; a client's id with unsafe characters is replaced."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            given = _begin(request)
            response: HttpResponseBase = await get_response(request)
            response["X-Request-Id"] = given
            return response

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        given = _begin(request)
        response: HttpResponseBase = get_response(request)
        response["X-Request-Id"] = given
        return response

    return answer


def current() -> str:
    """The id of the request that is being answered; ``-`` outside of one."""
    return _current.get()


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
