"""A small client of the REST API; what any script could do with the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

API = "/model-distillation"
SECONDS = 30


class RestError(Exception):
    """The API refused; the text is its sentence."""


class UnreachableError(RestError):
    """Nobody answered: web may be starting again."""


class Rest:
    """One user of one installation."""

    def __init__(self, base: str, user: str, password: str) -> None:
        self._base = base
        self._login = {"userName": user, "password": password}
        self._headers = {"Content-Type": "application/json", "Accept-Language": "en"}
        # A proxy of this machine has no business between two of its own processes.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str) -> Any:
        """The answer's ``data``. Raises RestError."""
        return self._call("GET", API + path)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer's ``data``. Raises RestError."""
        return self._call("POST", API + path, body or {})

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        if "Authorization" not in self._headers:
            session = self._send("POST", "/auth/login", self._login)
            self._headers["Authorization"] = f"Bearer {session['token']}"
        return self._send(method, path, body)

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> Any:
        payload = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - always http to this machine
            self._base + path, payload, self._headers, method=method
        )
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            text = error.read() or str(error).encode()
        except OSError as error:
            raise UnreachableError(f"{method} {path}: no answer ({error})") from error
        return _data(f"{method} {path}", text)


def _data(what: str, text: bytes) -> Any:
    """Both error styles say failure by a ``code`` other than 200."""
    try:
        envelope = json.loads(text)
        if envelope["code"] == 200:
            return envelope["data"]
        message = str(envelope["message"])
    except (ValueError, KeyError, TypeError):
        raise RestError(f"{what}: an answer without the envelope: {text[:200]!r}") from None
    raise RestError(message)
