"""One keep-alive connection to the platform; whatever happens on it is an answer, never an exception."""

from __future__ import annotations

import http.client
import json
import os
import re
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

API = "/model-distillation"
KEEP_ALIVE_SECONDS = 4.0
"""Less than the 5 s after which the platform's server closes an idle connection."""
LONGEST_ANSWER = 4_000_000
LONGEST_WAIT = 3600


class Answer(NamedTuple):
    """What came back."""

    status: int
    """The HTTP status; 0 when nobody answered, or somebody who is not the platform."""
    data: Any
    sentence: str
    wait: float = 0.0
    """Seconds that the server asks to wait."""
    unsure: bool = False
    """The older error style does not tell refusals from trouble."""

    def is_trouble(self, failures: int) -> bool:
        """Whether the same request may be answered differently later."""
        return self.status in (0, 408, 425, 429) or self.status >= 500 or (self.unsure and failures < 3)


class Link:
    """One keep-alive connection to the platform."""

    def __init__(self, server: str, token: str, timeout: float = 10.0) -> None:
        self.secret, self._timeout, self._problem = token.strip(), timeout, ""
        self._connection: http.client.HTTPConnection | None = None
        self._used_at = 0.0
        try:
            parts = urlsplit(server.strip())
            self._secure, self._host, self._port = parts.scheme == "https", parts.hostname or "", parts.port
        except ValueError:
            parts, self._host = urlsplit(""), ""
        if parts.scheme not in ("http", "https") or not self._host:
            self._problem = "the server's address must look like http://host:8080"
        prefix = parts.path.rstrip("/")
        self._prefix = prefix if prefix.endswith(API) else prefix + API
        host = f"[{self._host}]" if ":" in self._host else self._host
        # Without a name and password that somebody may have put into it.
        self.server = "" if self._problem else f"{parts.scheme}://{host}:{self._port or ''}".rstrip(":") + prefix

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        """The answer to one request; trouble is an answer, too."""
        if self._problem:
            return Answer(0, None, self._problem)
        if not re.fullmatch("[!-~]+", self.secret):
            return Answer(401, None, "The token is empty or contains characters that no token has.")
        reused = self._connection is not None and time.monotonic() - self._used_at < KEEP_ALIVE_SECONDS
        try:
            try:
                return self._exchange(method, path, body, fresh=not reused)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                if not reused:
                    raise
                return self._exchange(method, path, body, fresh=True)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            return Answer(0, None, f"{type(error).__name__}: {error}".replace(self.secret, "***"))

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _exchange(self, method: str, path: str, body: Any, *, fresh: bool) -> Answer:
        if fresh:
            self.close()
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            self._connection = kind(self._host, self._port, timeout=self._timeout)
        assert self._connection is not None  # noqa: S101 - for the type checker
        chinese = os.environ.get("LANG", "").startswith("zh")
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json",
                   "Accept-Language": "zh-hans" if chinese else "en", "User-Agent": "distillation-client"}  # fmt: skip
        payload = None if body is None else json.dumps(body).encode()
        self._connection.request(method, self._prefix + path, payload, headers)
        response = self._connection.getresponse()
        text = response.read(LONGEST_ANSWER)
        self._used_at = time.monotonic()
        if not response.isclosed():
            self.close()
        wait = response.getheader("Retry-After") or ""
        return _understood(response.status, text, float(min(int(wait), LONGEST_WAIT)) if wait.isdecimal() else 0.0)


def _understood(status: int, text: bytes, wait: float) -> Answer:
    """Only what wears the platform's envelope is its answer: a proxy's 404 must not cost a report."""
    try:
        envelope = json.loads(text)
        code, sentence, data = envelope["code"], str(envelope["message"]), envelope.get("data")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        status = status if status in (413, 429) or status >= 500 else 0
        return Answer(status, None, f"an answer that is not the platform's: {text[:100]!r}", wait)
    if status != 200 or code == 200:
        return Answer(status, data, sentence, wait)
    if code in ("8888", "9999"):
        return Answer(401, None, sentence)
    return Answer(429, None, sentence, wait) if wait else Answer(409, None, sentence, unsure=True)
