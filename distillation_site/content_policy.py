"""What browsers may load and run on pages: what this server serves, and no script that stands in a page itself.

Scripts are files of ours, of unfold and of plotly, so no nonce is needed. Two things stay allowed: ``eval``, by which
the Alpine inside unfold reads its attributes (without it dialogs never close), and styles in pages: unfold writes its
colours into each page, plotly and simplebar place things by ``style`` attributes.
A view may set a policy of its own, as those of the API's documentation do.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

HEADER = "Content-Security-Policy"
POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


def content_policy_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Name the policy on every page that names none."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault(HEADER, POLICY)
        return response

    return answer
