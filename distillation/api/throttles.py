"""How many requests a caller may make: a counter a window, in the shared cache when there is one."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView


class WindowThrottle(BaseThrottle):
    """Counts the requests of one caller in fixed windows; a list of their times would cost more than most views."""

    _left = 0.0

    def scope(self, request: Request, view: APIView | None) -> str | None:
        """The setting that limits this request; None for no limit."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: APIView | None) -> bool:
        """Count, and say whether the limit is kept."""
        window = self._window(request, view)
        if window is None:
            return True
        key, most, seconds = window
        if cache.add(key, 1, timeout=seconds):
            return True
        try:
            return cache.incr(key) <= most
        except ValueError:  # the window ended in between
            return True

    def used_up(self, request: Request, view: APIView | None) -> bool:
        """Whether one more would be too many; nothing is counted."""
        window = self._window(request, view)
        return window is not None and cache.get(window[0], 0) >= window[1]

    def _window(self, request: Request, view: APIView | None) -> tuple[str, int, int] | None:
        """The key under which the present window counts, its limit and its seconds; None without a limit."""
        scope = self.scope(request, view)
        rule = settings.THROTTLES[scope] if scope else None
        if rule is None:
            return None
        most, seconds = rule
        now = time.time()
        self._left = seconds - now % seconds
        return f"throttle:{scope}:{self._caller(request)}:{int(now // seconds)}", most, seconds

    def wait(self) -> float:
        """Seconds until the next window."""
        return max(1.0, self._left)

    def _caller(self, request: Request) -> str:
        if request.user and request.user.is_authenticated:
            return f"user:{request.user.pk}"
        return self._address(request)

    def _address(self, request: Request) -> str:
        """Hashed: a cache key has a limited alphabet, a header has not."""
        return hashlib.sha256(self.get_ident(request).encode()).hexdigest()[:32]


class CallerThrottle(WindowThrottle):
    """Every request, by account or by address."""

    def scope(self, request: Request, view: APIView | None) -> str | None:
        """By whether somebody has logged in."""
        return "user" if request.user and request.user.is_authenticated else "anonymous"


class WriteThrottle(WindowThrottle):
    """Requests that change something."""

    def scope(self, request: Request, view: APIView | None) -> str | None:
        """Nothing for reads."""
        return None if request.method in SAFE_METHODS else "write"


class LoginThrottle(WindowThrottle):
    """Attempts to log in, by address."""

    def scope(self, request: Request, view: APIView | None) -> str | None:
        """Always."""
        return "login"

    def _caller(self, request: Request) -> str:
        """Who it is, is just being found out."""
        return self._address(request)
