"""Live streams: told as it happens, resumed where they broke off, by a real server and without one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from django.conf import settings as django_settings

from distillation import lifecycle
from distillation.api import live
from distillation.contract.sentence import Sentence
from distillation.models import LogSource, TaskStatus, TrainingTask
from distillation.selectors.changes import Place
from distillation.services import points, task_log
from distillation.services.task_log import Line
from distillation.tests.api.conftest import ROOT, client_of, person
from distillation.tests.factories import TaskFactory

PROJECT = Path(django_settings.BASE_DIR)


def parsed(body: bytes) -> list[dict]:
    """The events of a stream's text."""
    events = []
    for block in body.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "event" in fields:
            events.append({"event": fields["event"], "id": fields.get("id"), "data": json.loads(fields["data"])})
    return events


# Without a loop: what there is, at once


@pytest.fixture
def task(db):
    return TaskFactory(status="RUNNING", attempt=1, accuracy="91.25")


def read(api, task, query="", **headers):
    answer = api.get(f"{ROOT}/tasks/{task.task_id}/stream{query}", headers=headers)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "text/event-stream"
    return parsed(answer.content)


def test_it_begins_with_the_tasks_figures(api, task):
    (event,) = read(api, task)
    assert event["event"] == "task"
    assert (event["data"]["status"], event["data"]["accuracy"]) == ("RUNNING", 91.25)
    assert "delFlag" not in event["data"]
    assert Place.parse(event["id"])


def test_it_goes_on_behind_the_last_event(api, task):
    (first,) = read(api, task)
    points.store(task, [("loss", "student", 1, 1, 1.8e9, 0.5)])
    task_log.store(task, 1, LogSource.ENGINE, [Line(Sentence("hello"))])
    lifecycle._announce(task, TaskStatus.QUEUED, "w1", Sentence("claimed"))
    for events in (read(api, task, f"?after={first['id']}"), read(api, task, **{"last-event-id": first["id"]})):
        assert [event["event"] for event in events] == ["metrics", "logs", "transitions", "task"]
        assert events[0]["data"]["series"][0]["values"] == [0.5]
        assert events[1]["data"]["lines"][0]["text"] == "hello"
        assert events[2]["data"][0]["reason"] == "claimed"
    assert [event["event"] for event in read(api, task, f"?after={events[-1]['id']}")] == ["task"]


def test_after_a_long_absence_only_the_last_lines_are_told(api, task):
    (first,) = read(api, task)
    task_log.store(task, 1, LogSource.ENGINE, [Line(Sentence(f"line {n}")) for n in range(600)])
    events = read(api, task, f"?after={first['id']}")
    assert events[0]["data"]["skipped"] is True
    assert [line["text"] for line in events[0]["data"]["lines"]][-1] == "line 599"
    assert len(events[0]["data"]["lines"]) == 500


@pytest.mark.parametrize("place", ["x", "-1", "1-2", "1-2.3.4", "0-0.0.0.0.0", "0-0.0.0." + "9" * 19, "0-0.0.0.-1"])
def test_a_place_that_is_none_is_400(api, task, place):
    for options in ({"QUERY_STRING": f"after={place}"}, {"headers": {"last-event-id": place}}):
        answer = api.get(f"{ROOT}/tasks/{task.task_id}/stream", **options)
        assert answer.status_code == 400
        assert list(answer.json()["data"]) == ["after"]


def test_a_place_beyond_the_end_is_quiet(api, task):
    nines = "9" * 12
    events = read(api, task, f"?after=0-{nines}.{nines}.{nines}.{nines}")
    assert events[-1]["event"] == "task"
    assert all(not event["data"].get("series") and not event["data"].get("lines") for event in events[:-1])


def test_rights_are_those_of_every_endpoint(api, anonymous, task, settings):
    address = f"{ROOT}/tasks/{task.task_id}/stream"
    assert anonymous.get(address).status_code == 401
    assert client_of(person("charlie", "R_VIEWER")).get(address).status_code == 200
    TrainingTask.objects.update(visibility="private")
    assert client_of(person("dora", "R_VIEWER")).get(address).status_code == 404
    assert api.get(f"{ROOT}/tasks/NOTHING/stream").status_code == 404
    assert api.post(address).status_code == 405
    settings.DISTILLATION_PUBLIC_READ = True
    assert anonymous.get(address).status_code == 401
    settings.DISTILLATION_ERROR_STYLE = "legacy"
    assert anonymous.get(address).json()["code"] == "8888"


def test_too_many_streams_are_429_with_a_sentence(api, task, settings):
    settings.DISTILLATION_STREAMS_PER_USER = 2
    live.open_streams["alice"] = 2
    try:
        answer = api.get(f"{ROOT}/tasks/{task.task_id}/stream")
    finally:
        del live.open_streams["alice"]
    assert answer.status_code == 429
    assert "2 live streams" in answer.json()["message"]
    assert int(answer["Retry-After"]) > 0


@pytest.mark.parametrize("rows", [3, 100])
def test_the_number_of_queries_is_constant(api, task, django_assert_num_queries, rows):
    (first,) = read(api, task)
    points.store(task, [(name, "student", n, 1, 1.8e9, 0.5) for n in range(rows) for name in ("a", "b")])
    task_log.store(task, 1, LogSource.ENGINE, [Line(Sentence("x"))] * rows)
    with django_assert_num_queries(3 + 1 + 2):  # session, user, task; heads; points, lines
        read(api, task, f"?after={first['id']}")


# A real server

SETUP = """
import django; django.setup()
from django.contrib.auth.models import Group, User
from django.test import Client
from distillation.tests.factories import TaskFactory
for number in range(3):
    user = User.objects.create_user(f"user{number}", password="secret")
    user.groups.add(Group.objects.get(name="R_ENGINEER"))
    client = Client()
    client.force_login(user)
    print(client.cookies["sessionid"].value)
TaskFactory(task_id="LIVE", status="RUNNING", attempt=1, executor="external", create_by="user0")
"""
WRITE = """
import sys, time, django; django.setup()
from distillation.models import TrainingTask
from distillation.contract.sentence import Sentence
from distillation.services import points, task_log
task = TrainingTask.objects.get(task_id="LIVE")
first, last = int(sys.argv[1]), int(sys.argv[2])
for step in range(first, last):
    points.store(task, [("loss", "student", step, 1, time.time(), 0.5)])
    time.sleep(0.2)
"""


class Server:
    """A uvicorn with a database of its own."""

    def __init__(self, home: Path) -> None:
        self.environment = os.environ | {
            "DISTILLATION_HOME": str(home), "DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "distillation_site.settings",
            "DISTILLATION_STREAMS_PER_USER": "25",
        }  # fmt: skip
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "web.log"

    def python(self, code: str, *arguments: str) -> str:
        done = subprocess.run([sys.executable, "-c", code, *arguments], env=self.environment, cwd=PROJECT,
                              capture_output=True, text=True)  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def set_up(self) -> None:
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=self.environment, cwd=PROJECT, check=True)
        self._sessions = self.python(SETUP).split()

    @contextmanager
    def serving(self) -> Iterator[None]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "uvicorn", "distillation_site.asgi:application", "--port", str(self.port),
                 "--lifespan", "off", "--timeout-graceful-shutdown", "1"],
                env=self.environment, cwd=PROJECT, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            until = time.monotonic() + 60
            while True:
                try:
                    httpx.get(f"{self.url}/health/", timeout=5)
                    break
                except httpx.HTTPError:
                    assert process.poll() is None, self.log.read_text()[-2000:]
                    assert time.monotonic() < until, self.log.read_text()[-2000:]
                    time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(30)

    def client(self, number: int = 0) -> httpx.Client:
        cookies = {"sessionid": self._sessions[number]}
        return httpx.Client(base_url=self.url + ROOT, cookies=cookies, timeout=30, trust_env=False)


class Listener(threading.Thread):
    """One page that follows the task until it has seen a step."""

    def __init__(self, client: httpx.Client, until_step: int, after: str = "") -> None:
        super().__init__(daemon=True)
        self._client, self._until, self._after = client, until_step, after
        self.steps: list[int] = []
        self.delays: list[float] = []
        self.last_id = ""
        self.begun = threading.Event()

    def run(self) -> None:
        headers = {"last-event-id": self._after} if self._after else {}
        with self._client.stream("GET", "/tasks/LIVE/stream", headers=headers) as answer:
            assert answer.status_code == 200
            event, data = "", ""
            for line in answer.iter_lines():
                field, _, value = line.partition(": ")
                if field == "event":
                    event = value
                elif field == "data":
                    data = value
                elif field == "id":
                    self.last_id = value
                elif not line and event:
                    self._take(event, json.loads(data))
                    event = ""
                    if self.steps and self.steps[-1] >= self._until:
                        return

    def _take(self, event: str, data: dict) -> None:
        self.begun.set()
        if event == "metrics":
            for series in data["series"]:
                self.steps += series["steps"]
                self.delays += [time.time() - at for at in series["times"]]


@pytest.fixture
def server(tmp_path):
    home = tmp_path / "server"
    home.mkdir()
    server = Server(home)
    server.set_up()
    return server


@pytest.mark.slow
def test_twenty_pages_follow_while_other_requests_stay_fast(server):
    with server.serving():
        pages = [Listener(server.client(number % 3), until_step=14) for number in range(20)]
        for page in pages:
            page.start()
        for page in pages:
            assert page.begun.wait(30), server.log.read_text()[-2000:]
        writer = threading.Thread(target=server.python, args=(WRITE, "0", "15"))
        writer.start()
        others = []
        with server.client() as client:
            while writer.is_alive():
                begun = time.monotonic()
                assert client.get("/tasks/LIVE").status_code == 200
                others.append(time.monotonic() - begun)
                time.sleep(0.05)
        for page in pages:
            page.join(30)
            assert page.steps == list(range(15))
        delays = sorted(delay for page in pages for delay in page.delays)
        others.sort()
        assert delays[len(delays) * 95 // 100] < 2.0  # 1 s on an idle machine
        assert others[len(others) // 2] < 0.5


@pytest.mark.slow
def test_a_page_goes_on_after_the_server_was_restarted(server):
    with server.serving():
        page = Listener(server.client(), until_step=2)
        page.start()
        assert page.begun.wait(30)
        server.python(WRITE, "0", "3")
        page.join(30)
        assert page.steps == [0, 1, 2]
    server.python(WRITE, "3", "6")  # nobody serves
    with server.serving():
        again = Listener(server.client(), until_step=7, after=page.last_id)
        again.start()
        assert again.begun.wait(30)
        server.python(WRITE, "6", "8")
        again.join(30)
        assert again.steps == [3, 4, 5, 6, 7]


@pytest.mark.slow
def test_closed_pages_are_forgotten_and_the_cap_holds(server):
    server.environment["DISTILLATION_STREAMS_PER_USER"] = "3"
    with server.serving(), server.client() as client:
        for _ in range(4):  # more in a row than at once
            pages = [client.stream("GET", "/tasks/LIVE/stream") for _ in range(3)]
            answers = [page.__enter__() for page in pages]
            lines = [answer.iter_lines() for answer in answers]
            assert [next(each) for each in lines] == ["retry: 2000"] * 3
            assert client.get("/tasks/LIVE/stream", timeout=10).status_code == 429
            for page in pages:
                page.__exit__(None, None, None)
            time.sleep(0.5)
        gone = Listener(server.client(), until_step=99)
        gone.start()
        assert gone.begun.wait(30)
        server.python("import django; django.setup(); from distillation.models import TrainingTask as t; "
                      "t.objects.update(del_flag=1)")  # fmt: skip
        gone.join(10)
        assert not gone.is_alive()
        assert "Traceback" not in server.log.read_text()
