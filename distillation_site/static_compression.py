"""Scripts and styles leave compressed for browsers that ask for it; each is compressed once a process.

They come out of the installed packages, which bring no compressed copies. They are the same for everybody and hold no
secret, so that compression betrays nothing (unlike pages: see ``compression``).
"""

from __future__ import annotations

import gzip
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from distillation_site.compression import takes_gzip

KINDS = ("text/", "application/javascript", "application/json", "image/svg")
LEVEL = 6


def static_compression_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Stands before WhiteNoise and compresses what it serves."""
    kept: dict[tuple[str, str], bytes] = {}
    """By address and time of the last change; as many as there are static files."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if (
            response.status_code != 200
            or not request.path.startswith(settings.STATIC_URL)
            or not response.headers.get("Content-Type", "").startswith(KINDS)
            or response.has_header("Content-Encoding")
        ):
            return response
        patch_vary_headers(response, ("Accept-Encoding",))
        if request.method != "GET" or not takes_gzip(request):
            return response
        key = (request.path, response.headers.get("Last-Modified", ""))
        if key not in kept:
            kept[key] = gzip.compress(b"".join(response), LEVEL, mtime=0)
        response.close()
        headers = {name: value for name, value in response.headers.items() if name not in ("Content-Length", "ETag")}
        return HttpResponse(kept[key], headers=headers | {"Content-Encoding": "gzip"})

    return answer
