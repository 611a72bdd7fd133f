"""``/tasks/{taskId}/stream``: what happens to a task, as it happens, by server-sent events.

Admission is an ordinary view of the API, so that authentication, rights, throttles and errors are those of every
other endpoint; only what follows is asynchronous.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from distillation.api import following, live, query
from distillation.api.schema import describe, query_parameter
from distillation.api.stream_text import GONE, RETRY, STILL_HERE, told
from distillation.api.views.base import ApiView, actor, find_task
from distillation.contract.sentence import Sentence, gettext_noop
from distillation.models.sentences import translate
from distillation.selectors import changes
from distillation.selectors.changes import Change, Place
from distillation.selectors.following import heads

STILL_HERE_SECONDS = 15.0
STREAM_SECONDS = 300.0
"""Then the client comes again by itself, and its rights are looked at again."""
CONTENT_TYPE = "text/event-stream"
EVENTS = {
    "description": "Server-sent events; data is JSON.",
    "example": 'event: task\ndata: {"status": "RUNNING", "progress": 40}\nid: 0-183.12.7.61\n\n',
}


class TooManyStreams(APIException):
    """429: the caller watches too much at once."""

    status_code = 429
    wait = 10

    def __init__(self, limit: int) -> None:
        sentence = Sentence(
            gettext_noop("You have {limit} live streams open, which is the limit. Close a page, or poll instead."),
            {"limit": limit},
        )
        super().__init__(translate(sentence))


@dataclass(frozen=True, slots=True)
class Admission:
    """What a caller may watch, and from where on."""

    task: int
    user: str
    place: Place | None
    """None: from now on."""
    language: str


class StreamViews(ApiView):
    """Says who may watch; the body is the business of ``stream``."""

    @describe(_("Follow a task live"), tag="curves", operation="tasks_stream", errors=(400, 401, 404, 429),
              answer={(200, CONTENT_TYPE): EVENTS},
              query=(query_parameter("after", _("The id of an event; from now on when absent.")),))  # fmt: skip
    def retrieve(self, request: Request, task_id: str) -> Response:
        """Events task, metrics, logs, resources, transitions; gone when it is deleted. Resumes by Last-Event-ID."""
        place = _place(request)
        task = find_task(request, task_id)
        user = actor(request)
        if live.open_streams[user] >= settings.DISTILLATION_STREAMS_PER_USER:
            raise TooManyStreams(settings.DISTILLATION_STREAMS_PER_USER)
        response = Response(None)
        response.admission = Admission(task.pk, user, place, get_language() or settings.LANGUAGE_CODE)  # type: ignore[attr-defined]
        return response


_admit = StreamViews.as_view({"get": "retrieve"})


async def stream(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
    """The view: admitted by ``StreamViews``, then events until the client leaves."""
    return await sync_to_async(followed)(request, kwargs)


def followed(request: HttpRequest, kwargs: dict[str, Any], page: live.PageFigures | None = None) -> HttpResponseBase:
    """The answer to who wants to follow; with ``page``, figures come as events ``figures``, ready to be shown."""
    response: Any = _asked(request, kwargs)
    admission: Admission | None = getattr(response, "admission", None)
    if admission is None:
        return response  # type: ignore[no-any-return]
    answer: HttpResponseBase
    if isinstance(request, ASGIRequest):
        answer = StreamingHttpResponse(_events(admission, page), content_type=CONTENT_TYPE)
    else:
        # A server without a loop would wait for the end: it gets what there is, and the client comes again.
        answer = HttpResponse(_at_once(admission), content_type=CONTENT_TYPE)
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


# The schema and the tests of routes see the view of the API behind it.
update_wrapper(stream, _admit)


def _asked(request: HttpRequest, kwargs: dict[str, Any]) -> Any:
    response = _admit(request, **kwargs)
    if not connection.in_atomic_block:
        connection.close()  # the thread lives as long as the stream, and would keep it
    return response


async def _events(admission: Admission, page: live.PageFigures | None) -> AsyncIterator[bytes]:
    live.open_streams[admission.user] += 1
    try:
        async with live.hub().follow(admission.task) as queue:
            async for part in _parts(admission, queue, page):
                yield part
    except live.Gone:
        yield GONE
    except DatabaseError:
        return  # the client comes again by itself
    finally:
        live.open_streams[admission.user] -= 1


async def _parts(
    admission: Admission, queue: asyncio.Queue[Change | None], page: live.PageFigures | None
) -> AsyncIterator[bytes]:
    hub, task, language = live.hub(), admission.task, admission.language

    async def text(change: Change, figures: bool) -> bytes:
        shown = await hub.page(change, task, language, page) if page and figures else None
        return told(change, language, figures=figures, page=shown)

    change: Change | None = await hub.change_since(task, admission.place)
    assert change is not None  # noqa: S101 - for the type checker: only the queue holds None
    yield RETRY + await text(change, figures=True)
    place, figures = change.place, change.figures
    ends = time.monotonic() + STREAM_SECONDS
    while (left := ends - time.monotonic()) > 0:
        try:
            change = await asyncio.wait_for(queue.get(), min(STILL_HERE_SECONDS, left))
        except TimeoutError:
            yield STILL_HERE
            continue
        if change is None:
            raise live.Gone
        if change.since != place:  # read before this stream had begun, or a change was left out
            change = await hub.change_since(task, place)
        if part := await text(change, figures=change.figures != figures):
            yield part
        place, figures = change.place, change.figures


def _at_once(admission: Admission) -> bytes:
    found = heads([admission.task]).get(admission.task)
    if found is None:
        return GONE
    change = changes.read(admission.task, admission.place or Place.of(found), found)
    return RETRY + told(change, admission.language, figures=True)


def _place(request: Request) -> Place | None:
    """From the header, which browsers send when they come again, else from the address. Raises InvalidRequest."""
    raw = request.headers.get("Last-Event-ID", "").strip() or query.text(request, "after")
    if not raw:
        return None
    place = Place.parse(raw)
    if place is None:
        sentence = Sentence(gettext_noop("{option} must be a cursor of an earlier answer."), {"option": "after"})
        raise following.wrong("after", sentence)
    return place
