"""Live streams of one process: one poller asks the database for all of them and hands out what it found.

Everything here runs in the event loop, except the reads, which share one thread and one database connection: fifty
people who watch a task cost one query a tick, as one does.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.db import DatabaseError, connection

from distillation.selectors import changes
from distillation.selectors.changes import Change, Place
from distillation.selectors.following import Heads, heads

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
PageFigures = Callable[[int, str], Any]
"""By a task's primary key and a language: what a page shows of it, for JSON. Raises Gone and DatabaseError."""

POLL_SECONDS = 0.25
RETRY_SECONDS = 2.0
"""After the database did not answer."""
WAITING_CHANGES = 32
"""What a slow client may leave unread; it reads the rest from the database when it goes on."""

open_streams: Counter[str] = Counter()
"""Streams by user, in this process."""
_reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live")


class Gone(Exception):  # noqa: N818 - a fact about the task
    """The task is no longer there."""


class Hub:
    """The streams of one event loop."""

    def __init__(self) -> None:
        self._queues: dict[int, set[asyncio.Queue[Change | None]]] = {}
        self._known: dict[int, Heads] = {}
        self._pages: dict[tuple[int, str], tuple[Change, asyncio.Future[Any]]] = {}
        self._poller: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def follow(self, task: int) -> AsyncIterator[asyncio.Queue[Change | None]]:
        """A queue of the task's changes from now on; None in it means that the task is gone. Raises Gone."""
        queue: asyncio.Queue[Change | None] = asyncio.Queue(WAITING_CHANGES)
        self._queues.setdefault(task, set()).add(queue)
        try:
            if task not in self._known:
                found = await self._read(lambda: heads([task]))
                if task not in found:
                    raise Gone
                self._known.setdefault(task, found[task])
            if self._poller is None:
                self._poller = asyncio.create_task(self._poll())
            yield queue
        finally:
            self._leave(task, queue)

    async def change_since(self, task: int, place: Place | None) -> Change:
        """What happened since a place (None: nothing yet, just the figures). Raises Gone and DatabaseError."""
        return await self._read(lambda: _change_since(task, place))

    async def page(self, change: Change, task: int, language: str, figures: PageFigures) -> Any:
        """What pages show of the task after a change: read once for all that follow it in the language."""
        known = self._pages.get((task, language))
        if known is None or known[0] is not change:
            known = change, asyncio.ensure_future(self._read(lambda: figures(task, language)))
            self._pages[task, language] = known
        return await asyncio.shield(known[1])  # one who leaves must not take it from the others

    def _leave(self, task: int, queue: asyncio.Queue[Change | None]) -> None:
        followers = self._queues.get(task, set())
        followers.discard(queue)
        if not followers:
            self._queues.pop(task, None)
            self._known.pop(task, None)
            self._pages = {key: page for key, page in self._pages.items() if key[0] != task}
        if not self._queues and self._poller is not None:
            self._poller.cancel()
            self._poller = None
            _reader.submit(connection.close)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            known = dict(self._known)
            try:
                news, now = await self._read(lambda known=known: _news(known))  # type: ignore[misc]
            except DatabaseError:
                log.exception("live streams: the database does not answer, trying again")
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for task, state in now.items():
                if task in self._known:
                    self._known[task] = state
            for task, change in news.items():
                self._hand_out(task, change)

    def _hand_out(self, task: int, change: Change | None) -> None:
        for queue in self._queues.get(task, ()):
            if not queue.full():  # a slow client notices the gap and reads for itself
                queue.put_nowait(change)

    async def _read(self, read: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(_reader, lambda: _reading(read))


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())


def _reading(read: Callable[[], Answer]) -> Answer:
    """Read in the hub's thread; a connection that failed is not used again."""
    try:
        return read()
    except DatabaseError:
        connection.close()
        raise


def _change_since(task: int, place: Place | None) -> Change:
    found = heads([task]).get(task)
    if found is None or found.figures["del_flag"]:
        raise Gone
    return changes.read(task, place or Place.of(found), found)


def _news(known: dict[int, Heads]) -> tuple[dict[int, Change | None], dict[int, Heads]]:
    """Changes by task (None: gone) and the new heads; one query, and a few for each task with news."""
    now = heads(known)
    news: dict[int, Change | None] = {}
    for task, before in known.items():
        after = now.get(task)
        if after is None or after.figures["del_flag"]:
            news[task] = None
        elif after != before:
            news[task] = changes.read(task, Place.of(before), after)
    return news, now
