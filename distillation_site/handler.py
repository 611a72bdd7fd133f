"""The ASGI handler of the web process: a request passes middleware and view in one thread, which keeps its connection.

Django's own changes threads twice for each middleware and makes a new thread, so a new database connection, for each
request; that took most of the time of a short one. Async views and streams still run in the event loop; an async view
holds a thread until it returns its response, not while that is sent.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

THREADS = 4
"""Requests that are answered at once; each may hold one database connection for CONN_MAX_AGE.

Python computes in one thread at a time: more of them share it out, so that all of them take longer. Fewer would wait
for each other's disk and database.
"""


class PooledHandler(ASGIHandler):
    """Answers each request in one thread of a pool."""

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="web")

    def load_middleware(self, is_async: bool = False) -> None:
        """Every middleware as a plain function, whatever the server is."""
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        """The response, from a thread of the pool."""
        return await sync_to_async(self._answer, thread_sensitive=False, executor=self._threads)(request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        # Django's signals close what is old in the thread that they are sent from, which is another one.
        close_old_connections()
        try:
            return self.get_response(request)
        finally:
            close_old_connections()
