"""Figures that come with a stream, ready to be shown: read once for everybody who follows a task."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from distillation.api import live
from distillation.api.stream_text import told
from distillation.selectors.changes import Change, Place
from distillation.selectors.following import PointCursor
from distillation.tests.api.test_stream import Server, parsed

CHANGE = Change(Place(PointCursor(), 0, 0, 0), Place(PointCursor(), 0, 0, 0), {})


class Reading:
    """Counts how often the figures are read; waits where it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, str]] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, task: int, language: str) -> dict[str, int]:
        self.asked.append((task, language))
        assert self.go_on.wait(10)
        return {"number": len(self.asked)}


def in_a_loop(does: Callable[[live.Hub], Awaitable[None]]) -> None:
    async def run() -> None:
        await does(live.Hub())

    asyncio.run(run())


def test_fifty_pages_read_once():
    reading = Reading()

    async def does(hub: live.Hub) -> None:
        pages = await asyncio.gather(*[hub.page(CHANGE, 7, "en", reading) for _ in range(50)])
        assert pages == [{"number": 1}] * 50
        await hub.page(CHANGE, 7, "zh-hans", reading)
        await hub.page(CHANGE, 8, "en", reading)
        assert reading.asked == [(7, "en"), (7, "zh-hans"), (8, "en")]

    in_a_loop(does)


def test_what_changes_is_read_again():
    reading = Reading()
    later = Change(CHANGE.place, CHANGE.place, {"progress": 2})

    async def does(hub: live.Hub) -> None:
        assert await hub.page(CHANGE, 7, "en", reading) == {"number": 1}
        assert await hub.page(later, 7, "en", reading) == {"number": 2}
        assert await hub.page(later, 7, "en", reading) == {"number": 2}

    in_a_loop(does)


def test_one_who_leaves_does_not_take_it_from_the_others():
    reading = Reading()
    reading.go_on.clear()

    async def does(hub: live.Hub) -> None:
        first, second = [asyncio.ensure_future(hub.page(CHANGE, 7, "en", reading)) for _ in range(2)]
        await asyncio.sleep(0.05)
        first.cancel()
        await asyncio.sleep(0.05)
        reading.go_on.set()
        assert await second == {"number": 1}
        assert len(reading.asked) == 1

    in_a_loop(does)


def test_they_stand_in_the_place_of_the_bare_ones_and_before_the_id():
    (event,) = parsed(told(CHANGE, "en", figures=True, page={"speed": "7"}))
    assert (event["event"], event["data"], event["id"]) == ("figures", {"speed": "7"}, str(CHANGE.place))


@pytest.mark.slow
def test_a_page_gets_them_from_a_real_server(tmp_path):
    server = Server(tmp_path)
    server.set_up()
    with server.serving(), server.client() as client:
        with client.stream("GET", f"{server.url}/admin/distillation/trainingtask/1/stream/") as answer:
            assert answer.headers["Content-Type"] == "text/event-stream"
            body = b""
            for piece in answer.iter_raw():
                body += piece
                if b"id: " in body:
                    break
        (event,) = parsed(body)
        assert event["event"] == "figures"
        assert event["data"]["figures"]["progress"].startswith(str(event["data"]["progress"]))
        client.cookies.clear()
        assert client.get(f"{server.url}/admin/distillation/trainingtask/1/stream/").status_code == 302
