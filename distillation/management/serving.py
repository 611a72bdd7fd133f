"""Which children serve the platform, on which port, and when they are ready."""

from __future__ import annotations

import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError

from distillation.management.supervisor import Child, Supervisor
from distillation_site import web

DEFAULT_PORT = 8080
LOCAL = "127.0.0.1"
START_SECONDS = 60
MOST_DEATHS = 3
# A proxy of this machine has no business between two of its own processes.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def port() -> int:
    """The port of ``PORT``. Raises CommandError for what is no port."""
    text = os.environ.get("PORT") or str(DEFAULT_PORT)
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise CommandError(f"PORT is {text!r}; it must be a number from 1 to 65535.")
    return int(text)


def port_problem(host: str, number: int) -> str | None:
    """Why nothing can listen there now, or None."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            return error.strerror or str(error)
    return None


def require_free_port(host: str, number: int) -> None:
    """Raise CommandError with the way out when the port is taken."""
    if problem := port_problem(host, number):
        other = number + 1 if number < 65535 else number - 1
        raise CommandError(
            f"Nothing can listen on {host}:{number} ({problem}). If another program uses the port, choose a free one: "
            f"put PORT={other} before the command."
        )


def base_url(number: int) -> str:
    """Where this machine reaches the web process."""
    return f"http://{LOCAL}:{number}"


@contextmanager
def supervisor(
    number: int, *, host: str = LOCAL, logs: Path | None, say: Callable[[str], None]
) -> Iterator[Supervisor]:
    """Web processes and a worker while the block runs; their output goes to files below ``logs``, or to ours.

    The web processes accept from one socket, which stays open while one of them is started again.
    """
    if logs is not None:
        logs.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "DISTILLATION_HOME": str(settings.DISTILLATION_HOME), "PYTHONUNBUFFERED": "1"}
    with listening_socket(host, number) as listener:
        count = settings.DISTILLATION_WEB_PROCESSES
        names = ["web"] if count == 1 else [f"web {place}" for place in range(1, count + 1)]
        worker = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "run_worker"]
        children = [
            *(Child(name, _web(listener.fileno()), logs / "web.log" if logs else None, fds=(listener.fileno(),))
              for name in names),
            Child("worker", worker, logs / "worker.log" if logs else None),
        ]  # fmt: skip
        with Supervisor(children, cwd=Path(settings.BASE_DIR), env=env, say=say) as running:
            yield running


def listening_socket(host: str, number: int) -> socket.socket:
    """Listen. Raises CommandError when somebody else has taken the port meanwhile."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, number), family=family, backlog=web.QUEUE)
    except OSError:
        require_free_port(host, number)
        raise
    # Accepted connections inherit it; uvicorn takes the socket for a local one and would not set it, so that the
    # second part of an answer waited for the client's acknowledgement of the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _web(fd: int) -> list[str]:
    return [sys.executable, "-m", web.__name__, str(fd)]


def wait_until_healthy(children: Supervisor, number: int) -> None:
    """Return when ``/health/`` answers 200. Raises CommandError when that does not happen."""
    until = time.monotonic() + START_SECONDS
    problem = "no answer"
    while time.monotonic() < until:
        children.sleep(0.2)
        status = health(number)
        if status == 200:
            return
        problem = problem if status is None else f"status {status}"
        for child in children.children:
            if child.deaths >= MOST_DEATHS:
                raise CommandError(f"{child.name} ended {child.deaths} times at its start; the reason stands above.")
    raise CommandError(
        f"{base_url(number)}/health/ did not answer with 200 within {START_SECONDS} s ({problem}). "
        "Look closer with: manage.py doctor"
    )


def health(number: int) -> int | None:
    """The status of ``/health/``; None when nobody answers."""
    try:
        with _direct.open(f"{base_url(number)}/health/", timeout=5) as answer:
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return None
