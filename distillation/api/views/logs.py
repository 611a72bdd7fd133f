"""A task's log: by the page, and as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from distillation.api import following, query
from distillation.api.log_text import LEVELS, line, printed
from distillation.api.schema import describe, enveloped, query_parameter
from distillation.api.schema_values import COUNT, CURSOR, words
from distillation.api.serializers.curves import LogPageSerializer
from distillation.api.views.base import ApiView, find_task
from distillation.contract.sentence import Sentence, gettext_noop
from distillation.models import LineKind, LogSource
from distillation.selectors import log_lines

TAG = "logs"
DEFAULT_LINES = 200
CHUNK_LINES = 500
MAX_SEARCH = 200
FILTERS = (
    query_parameter("level", _("Only lines from this level on."), enum=list(LEVELS)),
    query_parameter("search", _("Only lines that contain this text."), {"type": "string", "maxLength": MAX_SEARCH}),
    query_parameter("kind", _("Only lines of these kinds, with commas."), words(LineKind.values)),
    query_parameter("source", _("Only lines of these sources, with commas."), words(LogSource.values)),
)


class LogViews(ApiView):
    """``/tasks/{taskId}/logs`` and ``/logs/download``; never public, since lines name hosts."""

    @describe(_("Read a task's log"), enveloped(LogPageSerializer), tag=TAG, errors=(400, 401, 404),
              operation="logs_read",
              query=(following.AFTER_ID,
                     query_parameter("before", _("Only lines before this cursor, the last of them."), CURSOR),
                     *FILTERS, query_parameter("limit", _("Lines; 200 when absent."), COUNT)))  # fmt: skip
    def list(self, request: Request, task_id: str) -> Response:
        """The newest lines; with ``after`` the first ones behind it, with ``before`` the last ones before it."""
        limit = query.rows(request, "limit", DEFAULT_LINES)
        after, before = following.row_id(request, "after"), following.row_id(request, "before")
        if after is not None and before is not None:
            raise following.wrong("before", Sentence(gettext_noop("Send after or before, not both.")))
        filters = _filters(request)
        task = find_task(request, task_id)
        lines = log_lines.wanted(task.pk, **filters)
        if after is None:
            page = log_lines.newest(lines, task.pk, limit, before)
        else:
            page = log_lines.newer(lines, task.pk, after, limit)
        return Response(
            {
                "cursor": page.cursor,
                "before": page.before,
                "more": page.more,
                "lines": [line(row) for row in page.rows],
            }
        )

    @describe(_("Download a task's log"), tag=TAG, errors=(400, 401, 404), operation="logs_download",
              answer={(200, "text/plain"): OpenApiTypes.BINARY}, query=FILTERS)  # fmt: skip
    def download(self, request: Request, task_id: str) -> Any:
        """As a text file, the first line first."""
        filters = _filters(request)
        task = find_task(request, task_id)
        rows = log_lines.wanted(task.pk, **filters).order_by("id").values(*log_lines.COLUMNS)
        language = get_language()

        def lines() -> Iterator[bytes]:
            for row in rows.iterator(chunk_size=CHUNK_LINES):
                # The body is made when the middleware has put the language back.
                with override(language):
                    text = printed(row).encode(errors="replace")
                yield text

        return TextDownload(_in_chunks(lines()), f"{task.task_id}.log")


class TextDownload(StreamingHttpResponse):
    """A text file that is made while it is sent, under WSGI and ASGI alike."""

    def __init__(self, chunks: Iterator[bytes], name: str) -> None:
        super().__init__(chunks, content_type="text/plain; charset=utf-8")
        self.headers["Content-Disposition"] = f'attachment; filename="{name}"'

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The chunks, each made in a thread; Django's own would make all of them first."""
        chunks = iter(self)
        # One thread for all of them: a database connection belongs to its thread.
        read = sync_to_async(lambda: next(chunks, b""))
        while chunk := await read():
            yield chunk


def _filters(request: Request) -> dict[str, Any]:
    search = query.text(request, "search")
    if len(search) > MAX_SEARCH:
        sentence = Sentence(gettext_noop("search must have at most {limit} characters."), {"limit": MAX_SEARCH})
        raise following.wrong("search", sentence)
    level = following.one_of(request, "level", list(LEVELS), "")
    return {
        "level": LEVELS.get(level, 0),
        "search": search,
        "kinds": following.some_of(request, "kind", LineKind.values),
        "sources": following.some_of(request, "source", LogSource.values),
    }


def _in_chunks(lines: Iterator[bytes]) -> Iterator[bytes]:
    chunk: list[bytes] = []
    for text in lines:
        chunk.append(text)
        if len(chunk) == CHUNK_LINES:
            yield b"".join(chunk)
            chunk = []
    if chunk:
        yield b"".join(chunk)
