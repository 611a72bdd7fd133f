"""Tell the audit log where a request comes from, for the time of the request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from distillation.services import audit
from distillation_site import request_id

CONSOLE = "/admin/"


@sync_and_async_middleware
def origin_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """The address is the connection's; behind a trusted proxy uvicorn has put the client's in its place."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            token = audit.begin(_origin(request))
            try:
                response: HttpResponseBase = await get_response(request)
            finally:
                audit.end(token)
            return response

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        token = audit.begin(_origin(request))
        try:
            response: HttpResponseBase = get_response(request)
        finally:
            audit.end(token)
        return response

    return answer


def _origin(request: HttpRequest) -> audit.Origin:
    via = "console" if request.path.startswith(CONSOLE) else "rest"
    return audit.Origin(via, request.META.get("REMOTE_ADDR", ""), request_id.current())
