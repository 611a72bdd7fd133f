"""A web process of ``manage.py serve``: ``python -m distillation_site.web FD`` serves what a listening socket accepts.

Several share that socket. Left to itself, the event loop of one takes every connection that waits, and with it all
requests that these will bring, while the others idle. So here whoever has connections leaves the next one to others for
a moment, the longer the more it has.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys

import uvicorn

logger = logging.getLogger(__name__)

QUEUE = 2048
"""Connections that may wait to be accepted."""
PAUSE, LONGEST_PAUSE = 0.002, 0.02
"""Seconds for each open connection, and at most: so many watchers of live pages still get in, 50 a second."""
TROUBLE_PAUSE = 1.0
"""After an accept that failed, which is for want of file descriptors or memory."""


class Server(uvicorn.Server):
    """Accepts in turn with its siblings."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept."""
        await self.lifespan.startup()
        self.servers = []
        self._accepting = [asyncio.create_task(self._accept(listener)) for listener in sockets or ()]
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, then let requests end."""
        for task in self._accepting:
            task.cancel()
        await super().shutdown(sockets)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        listener.setblocking(False)
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except ConnectionAbortedError:
                continue
            except OSError:
                logger.exception("No connection can be accepted")
                await asyncio.sleep(TROUBLE_PAUSE)
                continue
            await loop.connect_accepted_socket(self._protocol, connection)
            await asyncio.sleep(min(PAUSE * len(self.server_state.connections), LONGEST_PAUSE))

    def _protocol(self) -> asyncio.Protocol:
        protocol: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return protocol


def main() -> None:
    """Serve until a signal."""
    config = uvicorn.Config(
        "distillation_site.asgi:application", access_log=False, timeout_graceful_shutdown=3, lifespan="off"
    )
    Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])


if __name__ == "__main__":
    main()
