"""Eight clients at the real server for half a minute: reads and reports, mixed as an installation sees them.

``manage.py serve`` runs web and worker on a home with 10,000 tasks. Each client keeps one connection and sends its next
request as soon as the last is answered (or after a pause). Exits non-zero after an error or a slow 99th percentile.

    python benchmarks/rest_load.py [--clients 8] [--seconds 30] [--pause 0]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import rest_home
from django.conf import settings
from django.db import connections

from distillation.management import serving

ROOT = "/model-distillation"
P99 = 200
"""Milliseconds that 99 of 100 requests must keep on an idle machine."""
MIX = {"page": 25, "detail": 20, "running": 10, "completed": 5, "history": 10, "progress": 20, "record": 10}
"""Of 100 requests."""


@dataclass
class Result:
    """What one client saw."""

    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)


@contextmanager
def served(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """``manage.py serve`` on the port, until the block ends."""
    environment = {**os.environ, "PORT": str(port)}
    environment |= dict.fromkeys(("DISTILLATION_THROTTLE_USER", "DISTILLATION_THROTTLE_WRITE"), "off")
    command = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "serve"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + serving.START_SECONDS
        while serving.health(port) != 200:
            assert time.monotonic() < until, "the server did not start"
            assert process.poll() is None, "the server ended"
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def requests(account: rest_home.Account, number: int) -> Iterator[tuple[str, str, str, str, bytes]]:
    """Kind, method, path, token and body of one client's requests, without end."""
    chance = random.Random(number)  # noqa: S311 - a load, not a secret
    task_id, script = list(account.tokens.items())[number % len(account.tokens)]
    epoch = 0
    while True:
        kind = chance.choices(list(MIX), list(MIX.values()))[0]
        if kind in ("progress", "record"):
            epoch += 1
            sent = {"currentEpoch": epoch, "epoch": epoch, "accuracy": 50, "loss": 0.1, "trainLoss": 0.2}
            method, path = ("PUT", "progress") if kind == "progress" else ("POST", "history")
            yield kind, method, f"{ROOT}/tasks/{task_id}/{path}", script, json.dumps(sent).encode()
            continue
        path = {
            "page": f"/tasks?page={chance.randint(1, 20)}&pageSize=20&ordering=-bestAccuracy&status=COMPLETED",
            "detail": f"/tasks/TASK_{chance.randrange(0, 10_000, 20):08X}",
            "running": "/tasks/running",
            "completed": "/completed-models",
            "history": f"/tasks/{task_id}/history/latest?limit=50",
        }[kind]
        yield kind, "GET", ROOT + path, account.session, b""


def run_client(port: int, account: rest_home.Account, number: int, until: float, pause: float, result: Result) -> None:
    """Send requests until the time is over."""
    connection = http.client.HTTPConnection(serving.LOCAL, port, timeout=30)
    for kind, method, path, token, body in requests(account, number):
        if time.monotonic() > until:
            return
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        begun = time.perf_counter()
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                result.errors.append(f"{method} {path}: {answer.status} {content[:200]!r}")
        except (OSError, http.client.HTTPException) as error:
            result.errors.append(f"{method} {path}: {error!r}")
            connection.close()
        result.milliseconds[kind].append((time.perf_counter() - begun) * 1000)
        time.sleep(pause)


def show(results: list[Result], seconds: float) -> float:
    """Print the table; return the 99th percentile of all requests."""
    kinds: dict[str, list[float]] = defaultdict(list)
    for result in results:
        for kind, spent in result.milliseconds.items():
            kinds[kind] += spent
    kinds["all"] = [spent for values in kinds.values() for spent in values]
    print(f"{'ms':>10} {'requests':>9} {'a second':>9} {'p50':>7} {'p95':>7} {'p99':>7} {'max':>7}")
    for kind, spent in kinds.items():
        cuts = statistics.quantiles(spent, n=100)
        print(f"{kind:>10} {len(spent):9d} {len(spent) / seconds:9.1f} {cuts[49]:7.1f} {cuts[94]:7.1f} {cuts[98]:7.1f} "
              f"{max(spent):7.1f}")  # fmt: skip
    return statistics.quantiles(kinds["all"], n=100)[98]


def main() -> int:
    """Fill a home, serve it, load it, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--pause", type=float, default=0, help="seconds between a client's requests")
    parser.add_argument("--port", type=int, default=18_473)
    arguments = parser.parse_args()
    account = rest_home.fill()
    connections.close_all()
    results = [Result() for _ in range(arguments.clients)]
    with served(arguments.port) as process:
        print(f"load before: {os.getloadavg()}")
        until = time.monotonic() + arguments.seconds
        threads = [
            threading.Thread(target=run_client, args=(arguments.port, account, number, until, arguments.pause, result))
            for number, result in enumerate(results)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"load after: {os.getloadavg()}")
        for child in psutil.Process(process.pid).children(recursive=True):
            spent, command = sum(child.cpu_times()[:2]), " ".join(child.cmdline()[1:4])
            print(f"{child.memory_info().rss >> 20} MB, {spent:.1f} s of CPU: {command}")
    slowest = show(results, arguments.seconds)
    errors = [error for result in results for error in result.errors]
    print(f"errors: {len(errors)}", *errors[:5], sep="\n")
    return 0 if not errors and slowest < P99 else 1


if __name__ == "__main__":
    sys.exit(main())
