"""``manage.py serve`` with two web processes: one is killed, the other one answers until it is back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from distillation.management import serving
from distillation.tests.management.test_supervisor import Served, until

pytestmark = pytest.mark.slow


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    running = Served(tmp_path, webs=2)
    try:
        running.start()
        yield running
    finally:
        if running.process is not None:
            running.process.kill()
            running.process.wait()


def webs(served: Served) -> list[psutil.Process]:
    assert served.process is not None
    children = psutil.Process(served.process.pid).children()
    return [
        child for child in children
        if child.status() != psutil.STATUS_ZOMBIE and "distillation_site.web" in " ".join(child.cmdline())
    ]  # fmt: skip


def test_one_of_them_is_killed_and_the_other_answers_until_it_is_back(served):
    until(lambda: len(webs(served)) == 2, "two web processes")
    killed = webs(served)[0]
    killed.kill()
    until(lambda: killed not in webs(served), "the kill")
    assert [serving.health(served.port) for _ in range(20)] == [200] * 20
    until(lambda: len(webs(served)) == 2, "two web processes again")


def test_none_is_left_when_the_supervisor_is_killed(served):
    left = webs(served)
    served.process.kill()
    served.process.wait()
    assert psutil.wait_procs(left, timeout=20)[1] == []
    assert serving.health(served.port) is None
