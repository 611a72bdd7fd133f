"""Sending files in pieces, under WSGI and ASGI alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.http import FileResponse, StreamingHttpResponse

CHUNK = 1024 * 1024


class ChunkedFile(FileResponse):
    """A file response that ASGI reads piece by piece; Django's own would load the whole file into memory."""

    block_size = CHUNK

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces, each read in a thread."""
        async for piece in _in_threads(iter(self)):
            yield piece


class ChunkedStream(StreamingHttpResponse):
    """The same for bytes that are made while they are sent."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces, each made in a thread."""
        async for piece in _in_threads(iter(self)):
            yield piece


async def _in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    read = sync_to_async(lambda: next(pieces, b""), thread_sensitive=False)
    while piece := await read():
        yield piece
