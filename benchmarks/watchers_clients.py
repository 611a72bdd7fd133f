"""The parts of ``watchers.py`` that run beside the server: watchers, the writer, an ordinary client, a browser."""

from __future__ import annotations

import asyncio
import http.client
import json
import math
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from playwright.sync_api import sync_playwright

from distillation.contract import events
from distillation.jobs.ingest import Ingest
from distillation.management.serving import LOCAL
from distillation.models import MetricPoint, TrainingTask
from distillation.storage.local import run_dir

ROOT = "/model-distillation"
FIGURES_SECONDS = 1.0
"""How long the page's script waits before it asks for figures; refresh.js."""
PAUSE_SECONDS = 0.05
OPEN_SECONDS = 8.0
"""Until a browser has opened the page."""
CURVE = "loss"
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
PROBE = """
() => {
  const plot = document.querySelector(".dd-chart-plot"), speed = document.querySelector("[data-figure=speed]");
  window.seen = { curve: [], figure: [] };
  const note = (list, step) => {
    if (step && step !== list.at(-1)?.[1]) list.push([Date.now() / 1000, step]);
  };
  new MutationObserver(() => note(window.seen.curve, plot.data?.find(line => line.name)?.x.at(-1)))
    .observe(plot, { subtree: true, childList: true, attributes: true, attributeFilter: ["d"] });
  new MutationObserver(() => note(window.seen.figure, Number(speed.textContent.replace(/[^0-9.]/g, ""))))
    .observe(speed, { subtree: true, childList: true, characterData: true });
}
"""
"""The curve's last step is what plotly draws at that moment; the figure says the step, for which the writer sees."""

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Target:
    """What is watched, and where."""

    port: int
    task: int
    task_id: str
    page: str
    """The path of its page in the console."""
    stream: str
    """What that page follows."""


class Engine:
    """Writes events as the engine does, and stores them as the worker does."""

    def __init__(self, task: TrainingTask) -> None:
        run = run_dir(task.task_id)
        run.root.mkdir(parents=True, exist_ok=True)
        self._path = run.events(task.attempt)
        self._ingest = Ingest(task, run, task.attempt)

    def write(self, steps: Iterable[int]) -> float:
        """Events of these steps, and then all of them into the database; when the last was written."""
        with self._path.open("a") as file:
            for step in steps:
                loss = math.exp(-step / 500) + math.sin(step) / 50
                now = time.time()
                # A speed that tells a reader of the page which step it is of.
                event = {
                    "kind": events.STEP, "seq": step, "time": now, "arm": "student", "epoch": 1 + step // 200,
                    "step": step, "total_steps": 10_000, "loss": loss, "soft_loss": loss / 2, "hard_loss": loss / 3,
                    "learning_rate": 0.001, "samples_per_second": step, "trained_samples": 64 * step,
                    "progress": 20, "remaining_seconds": 600,
                }  # fmt: skip
                file.write(json.dumps(event) + "\n")
        self._ingest.catch_up()
        return now


def write(target: Target, seconds: float, every: float) -> dict[int, float]:
    """A step every so many seconds, behind those that are there; when each was written."""
    engine = Engine(TrainingTask.objects.get(pk=target.task))
    step = MetricPoint.objects.filter(task=target.task, name=CURVE).order_by("-step").values_list("step", flat=True)[0]
    written = {}
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        step += 1
        written[step] = engine.write([step])
        time.sleep(every)
    return written


def ordinary(target: Target, cookie: str, seconds: float) -> dict[str, list[float]]:
    """Seconds of ordinary requests by their kind, asked in turn over one connection."""
    paths = {
        "list of tasks (API)": f"{ROOT}/tasks?page=2&pageSize=20&ordering=-bestAccuracy",
        "list of tasks (console)": "/admin/distillation/trainingtask/",
        "page of the task": target.page,
        "curves of the task": f"{ROOT}/tasks/{target.task_id}/metrics?maxPoints=1000",
    }
    found: dict[str, list[float]] = defaultdict(list)
    connection = http.client.HTTPConnection(LOCAL, target.port, timeout=60)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for kind, path in paths.items():
            begun = time.perf_counter()
            connection.request("GET", path, headers={"Cookie": f"sessionid={cookie}"})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, (path, answer.status, body[:300])
            found[kind].append(time.perf_counter() - begun)
            time.sleep(PAUSE_SECONDS)
    return dict(found)


@dataclass
class Watcher:
    """One open page: its stream, and the requests that its script makes where figures do not come with that."""

    target: Target
    cookie: str
    delays: list[float] = field(default_factory=list)
    """Seconds from written to told, of each point of one curve."""
    shown: list[tuple[float, float]] = field(default_factory=list)
    """When figures were told that are ready to be shown, and of which step they are."""
    figures: list[float] = field(default_factory=list)
    """Seconds of each request for figures."""
    steps: list[int] = field(default_factory=list)
    status: bytes = b"no answer"
    begun: bool = False
    """It was told where it stands."""
    _asking: asyncio.Task[None] | None = None
    _kept: Connection | None = None

    @property
    def last(self) -> int:
        """The newest step that it was told of."""
        return self.steps[-1] if self.steps else 0

    def problem(self, last: int) -> str:
        """What it did not see as it should have; empty when there is nothing."""
        if not self.steps:
            return f"was told nothing: {self.status!r}"
        expected = list(range(self.steps[0], last + 1))
        return "" if self.steps == expected else f"was told {len(self.steps)} of {len(expected)} steps"

    async def follow(self) -> None:
        """Read the stream until cancelled."""
        reader, writer = await self._connect()
        writer.write(self._request(self.target.stream))
        try:
            self.status = await reader.readline()
            event = b""
            async for line in reader:
                now = time.time()
                kind, _, value = line.rstrip().partition(b": ")
                if kind == b"event":
                    event, self.begun = value, True
                    if event == b"task" and self._asking is None:
                        self._asking = asyncio.create_task(self._ask_figures())
                elif kind == b"data" and event == b"metrics":
                    self._note(json.loads(value), now)
                elif kind == b"data" and event == b"figures":
                    self.shown.append((now, step_of(json.loads(value)["figures"]["speed"])))
        finally:
            writer.close()
            if self._asking is not None:
                self._asking.cancel()
            if self._kept is not None:
                self._kept[1].close()

    def _note(self, told: dict[str, list[dict[str, list[float]]]], now: float) -> None:
        for curve in told["series"]:
            if curve["name"] == CURVE:  # type: ignore[comparison-overlap]
                self.steps += map(int, curve["steps"])
                self.delays += [now - written for written in curve["times"]]

    async def _ask_figures(self) -> None:
        await asyncio.sleep(FIGURES_SECONDS)
        if self._kept is None:
            self._kept = await self._connect()
        begun = time.perf_counter()
        reader, writer = self._kept
        writer.write(self._request(f"{self.target.page.removesuffix('change/')}live/"))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        self.figures.append(time.perf_counter() - begun)
        self._asking = None

    async def _connect(self) -> Connection:
        return await asyncio.open_connection(LOCAL, self.target.port, limit=2**20)

    def _request(self, path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid={self.cookie}\r\n\r\n".encode()


def show(target: Target, cookie: str, seconds: float) -> dict[str, list[tuple[float, float]]]:
    """When curve and figure of a browser have changed, and up to which step they are."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    until = time.monotonic() + seconds
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        address = f"http://localhost:{target.port}"
        context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": address}])
        page = context.new_page()
        page.goto(target.page)
        page.wait_for_function("document.querySelector('.dd-chart-plot')?.data?.length")
        page.evaluate(PROBE)
        page.wait_for_timeout(max(0.0, 1000 * (until - time.monotonic())))
        seen: dict[str, list[tuple[float, float]]] = page.evaluate("window.seen")
        browser.close()
    return seen


def step_of(speed: str) -> float:
    """The writer lets a run be as fast as its step is far."""
    return float(re.sub(r"[^0-9.]", "", speed))


def delays(written: dict[int, float], seen: list[tuple[float, float]]) -> list[float]:
    """Seconds from written to seen; who sees a step sees all before it."""
    found = []
    for (_, before), (now, step) in pairwise(seen):
        found += [now - written[each] for each in range(int(before) + 1, int(step) + 1) if each in written]
    return found
