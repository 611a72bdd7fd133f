"""CPU of the server for single requests, each beside a bare Django view with the same SQL, on 10,000 tasks in SQLite.

The ASGI application is called in this process, with everything between the socket and the database but the parsing of
HTTP; the figure is the processor time of the process, so that other processes distort it little. Ours and the bare
view take turns; medians. Exits non-zero when an endpoint misses what it must reach.

    python benchmarks/rest_requests.py [--rounds N] [--only NAME]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import rest_home
from django.conf import settings
from django.contrib.auth.models import User
from django.db.backends.signals import connection_created

from distillation_site.asgi import application

ROOT = "/model-distillation"
PAGE_BYTES = 120 * 1024
MUST_RATIO, AIM_RATIO = 1.5, 1.3
WARM_UP = 5


@dataclass(frozen=True)
class Call:
    """One request."""

    method: str
    path: str
    query: str = ""
    body: bytes = b""


@dataclass(frozen=True)
class Case:
    """One endpoint; ``calls`` yields the requests, each other than the one before."""

    name: str
    must: float
    """Milliseconds."""
    aim: float
    calls: Callable[[str, int], Call]
    """By the root of the address and the number of the round."""
    script: bool = False
    gzip: bool = False
    """Whether the client takes compressed answers, as browsers do; the bare view has none."""
    bytes_limit: int | None = None


def progress(root: str, number: int) -> Call:
    """A report of an epoch; every other one is the best so far."""
    sent = {"currentEpoch": number + 1, "accuracy": 99 - number % 2 + number / 1000, "loss": 0.123456}
    return Call("PUT", f"{root}/tasks/{_task(root)}/progress", body=json.dumps(sent).encode())


def history(root: str, number: int) -> Call:
    """1,000 new epochs with every figure."""
    chance = random.Random(number)  # noqa: S311 - figures for a benchmark
    names = ("trainLoss", "trainAccuracy", "valLoss", "valAccuracy", "distillLoss", "hardLoss", "softLoss", "gpuUsage",
             "memoryUsage", "epochTime")  # fmt: skip
    records = [
        {"epoch": 1000 * number + epoch, **{name: round(chance.uniform(0, 90), 6) for name in names}}
        for epoch in range(1000)
    ]
    return Call("POST", f"{root}/tasks/{_task(root)}/history", body=json.dumps(records).encode())


def page(root: str, number: int) -> Call:
    """One of the first ten pages."""
    return Call("GET", f"{root}/tasks", f"page={number % 10 + 1}&pageSize=100&ordering=-bestAccuracy&status=COMPLETED"
                "&keyword=%E8%AE%AD%E7%BB%83")  # fmt: skip


def models(root: str, number: int) -> Call:
    """Every completed model, up to the limit of lists."""
    return Call("GET", f"{root}/completed-models")


def detectors(root: str, number: int) -> Call:
    """Those of one task type."""
    return Call("GET", f"{root}/completed-models", "taskType=detection")


CASES = [
    Case("progress report", 5, 2.5, progress, script=True),
    Case("1,000 history records", 100, 60, history, script=True),
    Case("page of 100 tasks", 50, 25, page, bytes_limit=PAGE_BYTES),
    Case("the same, by gzip", 50, 25, page, gzip=True),
    Case("completed models", 50, 25, models),
    Case("completed models of a type", 50, 25, detectors),
]


def _task(root: str) -> str:
    """A task for ours and one for the bare view, so that neither finds what the other wrote."""
    return f"TASK_EXT{0 if root == ROOT else 1:05d}"


class Client:
    """Calls the ASGI application as uvicorn does, and measures the processor time."""

    def __init__(self, account: rest_home.Account) -> None:
        self._account = account
        self._user = User.objects.get(username=account.name)

    async def send(self, case: Case, call: Call) -> tuple[float, bytes]:
        """Milliseconds and the body."""
        token = self._account.tokens[call.path.split("/")[3]] if case.script else self._account.session
        headers = [
            (b"host", b"localhost"),
            (b"authorization", f"Bearer {token}".encode()),
            (b"x-user", str(self._user.pk).encode()),
            (b"x-prefix", token.partition(".")[0].encode()),
            (b"accept-encoding", b"gzip" if case.gzip else b"identity"),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(call.body)).encode()),
        ]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": call.method, "scheme": "http",
            "path": call.path, "raw_path": call.path.encode(), "query_string": call.query.encode(), "root_path": "",
            "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8080),
        }  # fmt: skip
        received = [{"type": "http.request", "body": call.body, "more_body": False}]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return received.pop() if received else await asyncio.Future()

        async def send(message: Any) -> None:
            sent.append(message)

        begun = time.process_time()
        await application(scope, receive, send)
        spent = time.process_time() - begun
        body = b"".join(message.get("body", b"") for message in sent)
        assert sent[0]["status"] == 200, (call, sent[0]["status"], body[:500])
        return spent * 1000, body


def log_statements(log: list[str]) -> None:
    """Write the SQL of every connection that is opened from now on into the list."""

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        log.append(sql)
        return execute(sql, params, many, context)

    def opened(connection: Any, **_others: Any) -> None:
        connection.execute_wrappers.append(note)

    connection_created.connect(opened, weak=False)


async def compare(client: Client, case: Case, rounds: int) -> tuple[list[float], list[float], int]:
    """Milliseconds of ours and of the bare view, and the longest answer of ours."""
    ours: list[float] = []
    bare: list[float] = []
    longest = 0
    for number in range(rounds + WARM_UP):
        # In turn, and each one first in every other round: a drift of the machine's speed cancels out.
        for root, spent in [(ROOT, ours), ("/bare", bare)][:: 1 if number % 2 else -1]:
            milliseconds, body = await client.send(case, case.calls(root, number))
            if number >= WARM_UP:
                spent.append(milliseconds)
            if root == ROOT:
                longest = max(longest, len(body))
    return ours, bare, longest


async def same_statements(client: Client, case: Case, log: list[str]) -> bool:
    """Whether both send the same SQL; prints what differs."""
    found = []
    for root in (ROOT, "/bare"):
        await client.send(case, case.calls(root, 0))  # the first use of a token is noted
        log.clear()
        await client.send(case, case.calls(root, 0))
        found.append(list(log))
    ours, bare = found
    for sql in [f"  only ours: {sql}" for sql in ours if sql not in bare] + [
        f"  only bare: {sql}" for sql in bare if sql not in ours
    ]:
        print(sql[:200])
    return ours == bare


async def run(arguments: argparse.Namespace, client: Client) -> bool:
    """Measure every case, print the table, and say whether all reach what they must."""
    log: list[str] = []
    receivers = list(connection_created.receivers)
    cases = [case for case in CASES if arguments.only in case.name]
    log_statements(log)
    same = {case.name: await same_statements(client, case, log) for case in cases}
    connection_created.receivers = receivers
    connection_created.sender_receivers_cache.clear()
    heads = f"{'ours':>7} {'bare':>7} {'ratio':>6} {'must':>6} {'aim':>6} {'bytes':>9}  same SQL"
    print(f"{'CPU ms a request':>28} {heads}")
    good = True
    for case in cases:
        ours, bare, longest = await compare(client, case, arguments.rounds)
        spent, least = statistics.median(ours), statistics.median(bare)
        print(f"{case.name:>28} {spent:7.2f} {least:7.2f} {spent / least:6.2f} {case.must:6.1f} {case.aim:6.1f} "
              f"{longest:9d}  {'yes' if same[case.name] else 'NO'}")  # fmt: skip
        fits = case.bytes_limit is None or longest <= case.bytes_limit
        good = good and spent <= case.must and spent / least <= MUST_RATIO and fits and same[case.name]
    return good


def main() -> int:
    """Fill a home, measure, and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=101)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    arguments = parser.parse_args()
    settings.ROOT_URLCONF = "rest_bare"
    client = Client(rest_home.fill())
    print(f"load before: {os.getloadavg()}")
    good = asyncio.run(run(arguments, client))
    print(f"load after: {os.getloadavg()}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
