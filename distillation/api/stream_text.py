"""Changes of a task as server-sent events, in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import override

from distillation.api.log_text import line
from distillation.api.serializers.fields import TIME_FORMAT, camel_case
from distillation.api.serializers.records import TransitionSerializer
from distillation.models.sentences import shown
from distillation.selectors.changes import Change

RETRY = b"retry: 2000\n\n"
STILL_HERE = b": still here\n\n"
GONE = b"event: gone\ndata: null\n\n"
_NOT_TOLD = ("del_flag", "error_detail")


def told(change: Change, language: str, *, figures: bool, page: Any = None) -> bytes:
    """The change's events. The id stands in the last one: who loses the connection before it reads them again.

    ``page``: what a page of the console shows instead of the bare figures.
    """
    with override(language):
        events = list(_events(change))
        if page is not None:
            events.append(("figures", page))
        elif figures:
            events.append(("task", _figures(change.figures)))
    parts = [f"event: {name}\ndata: {_json(data)}\n" for name, data in events]
    if parts:
        parts[-1] += f"id: {change.place}\n"
    return "".join(part + "\n" for part in parts).encode()


def _events(change: Change) -> Iterator[tuple[str, Any]]:
    if change.metrics is not None:
        yield "metrics", change.metrics
    if change.resources is not None:
        yield "resources", change.resources
    if change.lines is not None:
        lines = [line(row) for row in change.lines]
        yield "logs", {"cursor": change.place.line, "skipped": change.skipped, "lines": lines}
    if change.transitions is not None:
        yield "transitions", TransitionSerializer(change.transitions, many=True).data


def _figures(columns: Mapping[str, Any]) -> dict[str, Any]:
    figures = {camel_case(name): _plain(value) for name, value in columns.items() if name not in _NOT_TOLD}
    figures["errorMessage"] = shown(columns["error_detail"]) if columns["error_detail"] else columns["error_message"]
    return figures


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime(TIME_FORMAT)
    return value


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str)
