"""Lists as clients read them: an array with ``X-Total-Count``, or one page with its place."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from distillation.api import query
from distillation.api.serializers.fields import RowSerializer
from distillation.api.serializers.rows import writer
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Sentence, gettext_noop

PAGE_SIZE = 10


def array(declared: type[RowSerializer], found: QuerySet[Any], limit: int | None = None) -> Response:
    """The first ``limit`` rows, or all; only a full array is counted, a shorter one is its own count."""
    rows = writer(declared).rows(found[:limit])
    total = len(rows) if limit is None or len(rows) < limit else found.count()
    return Response(rows, headers={"X-Total-Count": str(total)})


def page(request: Request, declared: type[RowSerializer], found: QuerySet[Any]) -> Response:
    """``{records, total, current, size, pages}``; nothing is one empty page. Raises InvalidRequest."""
    current = query.count(request, "page", 1)
    size = query.rows(request, "pageSize", PAGE_SIZE)
    total = found.count()
    first = (current - 1) * size
    if first >= total and current > 1:
        raise _no_such_page(current, -(-total // size))
    rows = writer(declared).rows(found[first : first + size]) if total else []
    return Response({"records": rows, "total": total, "current": current, "size": size, "pages": -(-total // size)})


def _no_such_page(current: int, pages: int) -> InvalidRequest:
    sentence = Sentence(
        gettext_noop("page is {page}; the last page is {pages}."), {"page": current, "pages": max(pages, 1)}
    )
    return InvalidRequest([Problem("page", sentence)])
