"""Server time and queries of the console's front page and list of tasks at 10,000 tasks, a quarter of them in groups.

    .venv/bin/python benchmarks/console_lists.py

The median of 15 requests by Django's test client, as an engineer of a team of five and as an administrator. Exits
non-zero when a page takes more than 150 ms of processor time or 12 queries. Other processes on the machine make the
time by the clock longer, which is shown and not judged.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
import uuid
from typing import Any

import rest_env  # noqa: F401  isort: skip - it makes the home that Django's settings look for

from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from rest_home import TASKS, fill

from distillation.models import TrainingTask

LIST = "/admin/distillation/trainingtask/"
PAGES = {
    "front page": "/admin/",
    "front page, live part": "/admin/overview/",
    "list": LIST,
    "list, second page": f"{LIST}?p=2",
    "list, page 100": f"{LIST}?p=100",
    "list, by best metric": f"{LIST}?o=-best",
    "list, by best metric, page 2": f"{LIST}?o=-best&p=2",
    "list, filtered": f"{LIST}?status=COMPLETED&type=detection&owner=user0&o=-best",
    "list, searched": f"{LIST}?q=resnet",
    "list, not folded": f"{LIST}?fold=no&o=-best",
}
GROUP = 10
LIMIT_MS, LIMIT_QUERIES = 150, 12


def grouped() -> None:
    """Make sweeps of ten tasks of a quarter of all."""
    keys = list(TrainingTask.objects.order_by("id").values_list("pk", flat=True)[::4])
    for begin in range(0, len(keys), GROUP):
        TrainingTask.objects.filter(pk__in=keys[begin : begin + GROUP]).update(group_id=uuid.uuid4().hex)


def measure(client: Client, url: str, rounds: int) -> tuple[float, float, int]:
    """Milliseconds by the clock and of the processor (medians), and queries of one page."""
    assert client.get(url).status_code == 200
    queries = 0

    def counted(execute: Any, *arguments: Any) -> Any:
        nonlocal queries
        queries += 1
        return execute(*arguments)

    with connection.execute_wrapper(counted):
        client.get(url)
    clock, processor = [], []
    for _ in range(rounds):
        begin, busy = time.perf_counter(), time.process_time()
        client.get(url)
        clock.append(1000 * (time.perf_counter() - begin))
        processor.append(1000 * (time.process_time() - busy))
    return statistics.median(clock), statistics.median(processor), queries


def main() -> int:
    """Print a line a page, then all as JSON; 1 when a page is over its limit."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tasks", type=int, default=TASKS)
    options.add_argument("--rounds", type=int, default=15)
    asked = options.parse_args()
    fill(asked.tasks)
    grouped()
    User.objects.get(username="user1").groups.add(Group.objects.get(name="R_ADMIN"))
    found = {}
    for name in ("user0", "user1"):
        client = Client(HTTP_HOST="localhost")
        client.force_login(User.objects.get(username=name))
        role = "engineer" if name == "user0" else "administrator"
        for page, url in PAGES.items():
            milliseconds, cpu, queries = measure(client, url, asked.rounds)
            within = cpu <= LIMIT_MS and queries <= LIMIT_QUERIES
            found[f"{role}: {page}"] = {
                "ms": round(milliseconds, 1),
                "cpu_ms": round(cpu, 1),
                "queries": queries,
                "within": within,
            }
            over = "" if within else "  OVER"
            print(f"{role:14} {page:30} {milliseconds:7.1f} ms {cpu:7.1f} ms of CPU {queries:3} queries{over}")
    print(json.dumps({"tasks": asked.tasks, "load": os.getloadavg()[0], "pages": found}))
    return int(not all(page["within"] for page in found.values()))


if __name__ == "__main__":
    sys.exit(main())
