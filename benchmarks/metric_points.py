"""Curves: what storing and reading points costs the server, beside a bare Django view with the same SQL.

Processor time of one process a request, from the request object to the rendered answer, on SQLite; both go through the
same middleware with the same session. Then points a second through the ingest's own path, in batches of 1,000, on
SQLite or on the database of DATABASE_URL. Exits non-zero when a figure is beyond what it must be.

    python benchmarks/metric_points.py [--rounds N]
"""
# ruff: noqa: E402 - the home must be known before Django is set up; unlike in rest_env, DATABASE_URL counts

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
_HOME = tempfile.TemporaryDirectory(prefix="metric-points-")
os.environ["DISTILLATION_HOME"] = _HOME.name
os.environ["DJANGO_SETTINGS_MODULE"] = "distillation_site.settings"
os.environ["LOG_LEVEL"] = "ERROR"
# Counted like everywhere, but never reached.
os.environ |= dict.fromkeys(("DISTILLATION_THROTTLE_USER", "DISTILLATION_THROTTLE_WRITE"), "1000000000/minute")

import django

django.setup()

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.handlers.base import BaseHandler
from django.core.management import call_command
from django.db import connection, transaction
from django.http import HttpRequest, JsonResponse
from django.test import Client, RequestFactory, override_settings
from django.urls import include, path
from django.utils import timezone

from distillation import lifecycle
from distillation.models import TrainingTask
from distillation.services import points

TASK = "TASK_BENCH"
ADDRESS = f"/model-distillation/tasks/{TASK}/metrics"
BATCH, BATCHES = 1000, 100
MUST_A_SECOND = 10_000
COLUMNS = "task_id, name, arm, step, epoch, time, value"
UPSERT = (
    f"INSERT INTO md_metric_point ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s) "  # noqa: S608 - constants
    "ON CONFLICT (task_id, name, arm, step) DO UPDATE SET epoch = EXCLUDED.epoch, time = EXCLUDED.time, "
    "value = EXCLUDED.value"
)


def bare_read(request: HttpRequest) -> JsonResponse:
    """The same rows as one page's curves, without anything around them."""
    task = _task(request)
    with connection.cursor() as cursor:
        cursor.execute("SELECT MAX(id) FROM md_metric_point WHERE task_id = %s", [task.pk])
        newest = cursor.fetchone()[0]
        cursor.execute(
            "SELECT name, arm, step, epoch, time, value FROM md_metric_point WHERE task_id = %s AND name = %s "
            "ORDER BY name, arm, step",
            [task.pk, request.GET["names"]],
        )
        names, arms, steps, epochs, times, values = zip(*cursor.fetchall(), strict=True)
    series = {"name": names[0], "arm": arms[0], "steps": steps, "epochs": epochs, "times": times, "values": values}
    return JsonResponse({"code": 200, "data": {"cursor": newest, "series": [series]}})


def bare_write(request: HttpRequest) -> JsonResponse:
    """The same statements, the body taken as it is."""
    task = _task(request)
    rows = [
        (task.pk, curve["name"], "student", step, epoch, at, value)
        for curve in json.loads(request.body)["series"]
        for step, epoch, at, value in zip(curve["steps"], curve["epochs"], curve["times"], curve["values"], strict=True)
    ]
    with transaction.atomic():
        TrainingTask.objects.filter(pk=task.pk).update(
            lease_until=timezone.now() + lifecycle.EXTERNAL_LEASE, lost_contact_at=None
        )
        with connection.cursor() as cursor:
            cursor.executemany(UPSERT, rows)
    return JsonResponse({"code": 200, "data": {"accepted": len(rows)}})


def _task(request: HttpRequest) -> TrainingTask:
    """Who asks, their groups and the task: as many rows as the product looks at."""
    assert request.user.is_authenticated
    assert list(request.user.groups.values_list("name", flat=True))
    return TrainingTask.objects.get(task_id=TASK)


urlpatterns = [
    path("bare/read", bare_read),
    path("bare/write", bare_write),
    path("model-distillation/", include("distillation.api.urls")),
]


class Server:
    """The handler of this process, asked with a session; only its own processor time counts."""

    def __init__(self, user: User) -> None:
        client = Client()
        client.force_login(user)
        self._cookies = client.cookies
        self._handler = BaseHandler()
        self._handler.load_middleware()

    def ask(self, method: str, address: str, body: bytes = b"") -> tuple[float, bytes]:
        """Milliseconds and the answer."""
        factory = RequestFactory(SERVER_NAME="localhost")
        factory.cookies = self._cookies
        request = factory.generic(method, address, body, content_type="application/json")
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        begun = time.process_time()
        response = self._handler.get_response(request)
        took = time.process_time() - begun
        assert response.status_code == 200, response.content  # type: ignore[attr-defined]
        return took * 1000, response.content  # type: ignore[attr-defined]


def body(count: int, first: int) -> bytes:
    """A script's report of one curve."""
    steps = list(range(first, first + count))
    curve = {
        "name": "loss",
        "steps": steps,
        "values": [math.exp(-step / 5000) + math.sin(step) / 50 for step in steps],
        "epochs": [1 + step // 100 for step in steps],
        "times": [1.8e9 + step / 2 for step in steps],
    }
    return json.dumps({"series": [curve]}).encode()


def alternately(rounds: int, *ways: Callable[[int], float]) -> list[float]:
    """The median of each way; in turns, so that a busy moment of the machine hits all of them."""
    times: list[list[float]] = [[] for _ in ways]
    for number in range(rounds + 3):
        for way, found in zip(ways, times, strict=True):
            took = way(number)
            if number >= 3:  # the first ones import and warm up
                found.append(took)
    return [statistics.median(found) for found in times]


def requests(rounds: int) -> bool:
    """Print what requests cost; True when all are within what they must be."""
    user = User.objects.create_user("bench")
    user.groups.add(Group.objects.get(name="R_ENGINEER"))
    task = TrainingTask.objects.create(
        task_id=TASK, task_name="b", student_model="cnn-tiny", executor="external", status="RUNNING", create_by="bench",
        lease_until=timezone.now(),
    )  # fmt: skip
    for name, count in (("thousand", 1000), ("tenThousand", 10_000)):
        points.store(task, [(name, "student", n, 1 + n // 100, 1.8e9 + n / 2, math.sin(n / 300)) for n in range(count)])
    server = Server(user)
    bodies = [body(1000, 1000 * number) for number in range(rounds + 3)]
    ours, bare = alternately(
        rounds,
        lambda n: server.ask("POST", ADDRESS, bodies[n])[0],
        lambda n: server.ask("POST", "/bare/write", bodies[n])[0],
    )
    fine = _row("1,000 points reported", ours, bare, must=30, aim=20)
    ours, bare = alternately(
        rounds,
        lambda n: server.ask("GET", f"{ADDRESS}?names=thousand")[0],
        lambda n: server.ask("GET", "/bare/read?names=thousand")[0],
    )
    fine &= _row("1,000 points read", ours, bare, must=30, aim=20)
    ours, bare = alternately(
        rounds,
        lambda n: server.ask("GET", f"{ADDRESS}?names=tenThousand&arm=student&maxPoints=1000")[0],
        lambda n: server.ask("GET", "/bare/read?names=tenThousand")[0],
    )
    size = len(server.ask("GET", f"{ADDRESS}?names=tenThousand&arm=student&maxPoints=1000")[1])
    fine &= _row("10,000 points read as 1,000", ours, bare, must=15, aim=8)
    print(f"(the bare view sends all 10,000; ours {size / 1000:.0f} KB)")
    return fine


def _row(what: str, ours: float, bare: float, *, must: float, aim: float) -> bool:
    print(f"{what:<28} {ours:7.2f} ms  bare {bare:7.2f} ms  ratio {ours / bare:5.2f}  must {must} / aim {aim} ms")
    return ours <= must and ours <= 1.5 * bare


def ingest() -> bool:
    """Print how many points a second are stored; True when they are enough."""
    task = TrainingTask.objects.create(task_name="i", student_model="cnn-tiny", status="RUNNING")
    names = ("loss", "softLoss", "hardLoss", "learningRate", "samplesPerSecond")
    batches = [
        [(names[n % 5], "student", batch * BATCH // 5 + n // 5, 1, 1.8e9 + n, 0.001 * n) for n in range(BATCH)]
        for batch in range(BATCHES)
    ]
    rates = []
    for what in ("new points", "the same again"):
        wall, processor = time.perf_counter(), time.process_time()
        for batch in batches:
            with transaction.atomic():
                TrainingTask.objects.filter(pk=task.pk).update(progress=1)
                points.store(task, batch)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        count = BATCH * BATCHES
        rates.append(count / wall)
        print(f"{connection.vendor}, {what}: {count / wall:,.0f} points/s by the clock, {count / processor:,.0f} "
              "by processor time")  # fmt: skip
    TrainingTask.objects.filter(pk=task.pk).delete()
    return min(rates) >= MUST_A_SECOND


def main() -> int:
    """Run both; 1 when something is too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    call_command("migrate", verbosity=0)
    fine = ingest()
    if connection.vendor == "sqlite":
        with override_settings(ROOT_URLCONF=__name__):
            fine &= requests(rounds)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, DEBUG {settings.DEBUG}")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
