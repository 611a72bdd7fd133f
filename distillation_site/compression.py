"""Answers of the API leave compressed for clients that ask for it: a list of tasks shrinks to a tenth.

Pages of the console and streams are left alone: a page holds secrets beside what a request may put into it, which
compression would betray (BREACH), and a stream must not wait for more to compress.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

ROOTS = ("/model-distillation/", "/api/schema/")
SMALLEST = 4096
"""Bytes; less is not worth the work."""
LEVEL = 1
"""The fastest: higher levels cost several times as much and save a few per cent of what is left."""
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)


def compression_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Compress by gzip what is large, whole and the API's."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.streaming or not request.path.startswith(ROOTS) or response.has_header("Content-Encoding"):
            return response
        content: bytes = response.content  # type: ignore[attr-defined]
        if len(content) < SMALLEST:
            return response
        patch_vary_headers(response, ("Accept-Encoding",))
        if takes_gzip(request):
            response.content = gzip.compress(content, LEVEL, mtime=0)  # type: ignore[attr-defined]
            response.headers["Content-Encoding"] = "gzip"
            response.headers["Content-Length"] = str(len(response.content))  # type: ignore[attr-defined]
        return response

    return answer


def takes_gzip(request: HttpRequest) -> bool:
    """Whether the client asks for it."""
    return bool(_GZIP.search(request.headers.get("Accept-Encoding", "")))
