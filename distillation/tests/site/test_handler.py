"""The web process answers a request in one thread of its pool, as uvicorn calls it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from distillation_site.handler import PooledHandler

seen: list[str] = []


def which_thread(request: HttpRequest) -> HttpResponse:
    seen.append(threading.current_thread().name)
    return HttpResponse(request.META["HTTP_X_REQUEST_ID"])


async def slowly(request: HttpRequest) -> StreamingHttpResponse:
    async def pieces() -> Any:
        for piece in (b"a", b"b"):
            seen.append(threading.current_thread().name)
            yield piece
            await asyncio.sleep(0)

    await asyncio.sleep(0)
    return StreamingHttpResponse(pieces())


def one_query(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse(str(id(connection.connection)))


urlpatterns = [path("thread", which_thread), path("slowly", slowly), path("query", one_query)]


async def send(handler: PooledHandler, address: str) -> list[dict[str, Any]]:
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": address, "root_path": "",
        "query_string": b"", "headers": [(b"host", b"localhost"), (b"x-request-id", address[1:].encode())],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8080),
    }  # fmt: skip
    received = [{"type": "http.request", "body": b"", "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return received.pop() if received else await asyncio.Future()

    async def keep(message: Any) -> None:
        sent.append(message)

    await handler(scope, receive, keep)
    return sent


@pytest.fixture
def handler(settings):
    settings.ROOT_URLCONF = __name__
    seen.clear()
    return PooledHandler()


def body(sent):
    return b"".join(message.get("body", b"") for message in sent)


def test_the_view_runs_in_the_pool_and_the_request_keeps_its_id(handler):
    sent = asyncio.run(send(handler, "/thread"))
    assert (sent[0]["status"], body(sent)) == (200, b"thread")
    assert (b"X-Request-Id", b"thread") in sent[0]["headers"]
    assert seen[0].startswith("web")


def test_a_stream_of_an_async_view_runs_in_the_event_loop(handler):
    assert body(asyncio.run(send(handler, "/slowly"))) == b"ab"
    assert set(seen) == {threading.current_thread().name}


def test_many_requests_at_once_are_all_answered(handler):
    async def together():
        return await asyncio.gather(*(send(handler, "/thread") for _ in range(50)))

    assert {sent[0]["status"] for sent in asyncio.run(together())} == {200}


@pytest.mark.django_db(transaction=True)
def test_a_thread_keeps_its_connection_while_that_is_young(handler, monkeypatch):
    async def twice():
        return [body(await send(handler, "/query")) for _ in range(2)]

    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 60)
    first, second = asyncio.run(twice())
    assert first == second
