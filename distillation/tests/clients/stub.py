"""A small server that behaves like the platform, or as badly as a test wants."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

TASK = "TASK_STUB0001"
API = f"/model-distillation/tasks/{TASK}"
TOKEN = "prefix12.a-secret-that-nobody-may-read"


class Sent(NamedTuple):
    method: str
    path: str
    """Below the task; empty for the task itself."""
    body: Any


class Reply(NamedTuple):
    status: int = 200
    data: Any = None
    headers: dict[str, str] = {}
    raw: bytes | None = None
    """Instead of the envelope."""
    delay: float = 0.0


class Stub:
    """What arrived, and how it is answered: ``answer`` may replace the platform's behaviour."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.connections = 0
        self.status = "PENDING"
        self.epoch = 0
        self.answer: Callable[[Sent], Reply | None] = lambda sent: None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def bodies(self, path: str) -> list[Any]:
        return [sent.body for sent in self.sent if sent.path == path and sent.method != "GET"]

    def epochs(self) -> list[int]:
        return [record["epoch"] for records in self.bodies("/history") for record in records]

    def steps(self, name: str) -> list[int]:
        series = [one for body in self.bodies("/metrics") for one in body["series"] if one["name"] == name]
        return [step for one in series for step in one["steps"]]

    def reply(self, sent: Sent) -> Reply:
        """As the platform does it."""
        chosen = self.answer(sent)
        if chosen is not None:
            return chosen
        if sent.path == "/start":
            if self.status in ("RUNNING", "COMPLETED"):
                return Reply(409)
            self.status = "RUNNING"
        elif sent.path in ("/progress", "/complete", "/error") and self.status != "RUNNING":
            return Reply(409)
        elif sent.path == "/progress":
            self.epoch = sent.body["currentEpoch"]
        elif sent.path in ("/complete", "/error"):
            self.status = {"/complete": "COMPLETED", "/error": "FAILED"}[sent.path]
        elif sent.path:
            return Reply()
        return Reply(data={"taskId": TASK, "status": self.status, "intent": None, "currentEpoch": self.epoch})


@contextmanager
def running(stub: Stub, port: int = 0) -> Iterator[Stub]:
    """Serve until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            stub.connections += 1

        def _handle(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(size)
            path = self.path.removeprefix(API)
            sent = Sent(self.command, path, json.loads(text) if text else None)
            reply = stub.reply(sent)
            time.sleep(reply.delay)
            stub.sent.append(sent)
            message = "ok" if reply.status == 200 else f"sentence {reply.status}"
            envelope = {"code": reply.status, "message": message, "data": reply.data}
            payload = json.dumps(envelope).encode() if reply.raw is None else reply.raw
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(payload)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = _handle  # noqa: N815

        def log_message(self, *args: Any) -> None:
            pass

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    stub.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
