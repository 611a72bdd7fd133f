"""The thread that sends journals in order and repeats until the platform has answered; it waits, the training does not.

What is repeated changes nothing: the same epoch, point, evaluation or end again is the one that is there.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from typing import Any, Iterator
from urllib.parse import quote

from distillation_client.journal import FIGURES, Journal
from distillation_client.link import Answer, Link

SILENCE_SECONDS = 60.0
"""After so long without news of the task a sign of life is sent; the platform misses one after 10 minutes."""
POINTS_EVERY_SECONDS = 2.0
LONGEST_DELAY = 60.0
IDLE_SECONDS = 1.0
LAST_DELAY = 1.0
"""The longest pause once the run has ended and somebody waits for the rest."""
FINE_WHEN = {"start": "RUNNING", "complete": "COMPLETED", "error": "FAILED"}
"""A report that is refused because it is so already has arrived before."""
OF_THE_TASK = (404, 409)
"""What is refused for the task's state, not for what the report says."""
STOPPED = {"STOPPED", "PAUSED", "DELETED"}
log = logging.getLogger("distillation_client")


class Sender(threading.Thread):
    """Sends ``journals`` one after the other; the last one is the run's own and may still grow."""

    def __init__(self, link: Link, journals: list[Journal], *, alive: bool) -> None:
        super().__init__(name="distillation-client-sender", daemon=True)
        self.stop_requested = False
        self.problem = ""
        """Why nothing is sent any more; empty while all is well."""
        self.trouble = ""
        """Why nothing arrives just now."""
        self.rejected = 0
        self.news, self.ending, self.halt = threading.Event(), threading.Event(), threading.Event()
        self._link, self._journals, self._alive = link, journals, alive
        self._failures = 0
        self._single_until: dict[int, int] = {}
        self._shut: dict[int, Answer] = {}
        self._warned: set[tuple[str, int]] = set()
        self._status = ""
        self._epoch: int | None = None
        self._seen_at = self._points_at = time.monotonic()

    def adopt(self, journals: list[Journal]) -> None:
        """Send these first; before the thread begins."""
        self._journals[:0] = journals

    def waiting(self) -> int:
        """Reports that have not arrived yet."""
        return sum(map(len, self._journals))

    def run(self) -> None:
        """Work until the run has ended and everything was sent, or until told to halt."""
        try:
            while not self.halt.is_set() and not self.problem:
                journal = next((journal for journal in self._journals if len(journal)), None)
                if journal is not None and not self._may_gather(journal):
                    self._deliver(journal)
                elif self.ending.is_set():
                    break
                else:
                    self._idle()
            while self.problem and not (self.halt.is_set() or self.ending.is_set()):
                self.ending.wait(1.0)
        except Exception:  # a defect here must cost reports, not the training
            log.exception("The reports are not sent any more; the training goes on.")
            self.problem = "a defect of the client; the log says which"
        finally:
            self._link.close()
            for journal in self._journals:
                journal.release()

    def _may_gather(self, journal: Journal) -> bool:
        """Metric points alone are worth a request every few seconds, not each."""
        soon = time.monotonic() - self._points_at < POINTS_EVERY_SECONDS
        return soon and not self.ending.is_set() and journal is self._journals[-1] and journal.only_points()

    def _idle(self) -> None:
        self.news.wait(0.2 if len(self._journals[-1]) else IDLE_SECONDS)
        self.news.clear()
        if self._alive and self._epoch is not None and time.monotonic() - self._seen_at > SILENCE_SECONDS:
            self._seen_at = time.monotonic()
            self._ask(self._journals[-1], "PUT", "/progress", {"currentEpoch": self._epoch})

    def _deliver(self, journal: Journal) -> None:
        """Send the oldest reports of the journal; they stay in it until the platform has answered."""
        number, entries = journal.batch(self._single_until.get(id(journal), 0))
        kind = entries[0]["kind"]
        refused: dict[int, tuple[dict[str, Any], Answer]] = {}
        for method, path, body in requests(entries):
            answer = self._shut.get(id(journal)) or self._ask(journal, method, path, body)
            if answer is None:
                return
            if answer.status == 200 or (answer.status == 409 and FINE_WHEN.get(kind) == self._status):
                continue
            if len(entries) > 1 and answer.status not in OF_THE_TASK:
                self._single_until[id(journal)] = number  # one of them spoils the rest: find out which
                return
            if kind == "start":
                self._shut[id(journal)] = answer
            concerned = "log" if path == "/metrics" else kind if len(entries) == 1 else "epoch"
            for entry in entries:
                if entry["kind"] == concerned:
                    refused.setdefault(entry["n"], (entry, answer))
        for entry, answer in refused.values():
            self._reject(journal, entry, answer)
        self._points_at = time.monotonic()
        journal.sent(number)

    def _ask(self, journal: Journal, method: str, path: str, body: Any) -> Answer | None:
        """The platform's answer; None when there is none yet, or will be none."""
        task = f"/tasks/{quote(journal.task, safe='')}"
        answer = self._checked(self._link.call(method, task + path, body))
        if answer is not None and answer.status in OF_THE_TASK:
            state = self._checked(self._link.call("GET", task)._replace(unsure=False))
            if state is None:
                return None
            if state.status != 200:
                self._heard({"status": "DELETED"})
        return answer

    def _checked(self, answer: Answer) -> Answer | None:
        if answer.is_trouble(self._failures):
            self._back_off(answer)
            return None
        if self.trouble:
            log.info("The platform answers again.")
        self._failures, self.trouble = 0, ""
        if answer.status in (401, 403):
            self.problem = answer.sentence
            log.warning("Nothing is reported any more (%d): %s The training goes on.", answer.status, answer.sentence)
            return None
        if answer.status == 200:
            self._heard(answer.data)
        return answer

    def _heard(self, task: Any) -> None:
        """What an answer says about the task."""
        if not isinstance(task, dict) or "status" not in task:
            return
        self._status, self._seen_at = str(task["status"]), time.monotonic()
        if isinstance(task.get("currentEpoch"), int):
            self._epoch = task["currentEpoch"]
        stopped = self._status in STOPPED or task.get("intent") in ("stop", "pause")
        if stopped and not self.stop_requested:
            log.warning("Somebody stopped the task (%s); the script may end: run.stop_requested.", self._status)
        self.stop_requested = stopped

    def _back_off(self, answer: Answer) -> None:
        self._failures += 1
        if not self.trouble:
            log.warning("The platform cannot be reached; reports wait and are sent later. (%s)", answer.sentence)
        self.trouble = answer.sentence or f"status {answer.status}"
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        delay = min(LONGEST_DELAY, 2.0 ** min(self._failures - 1, 10)) * jitter
        began = time.monotonic()
        while not self.halt.is_set():
            patience = min(delay, LAST_DELAY) if self.ending.is_set() else delay
            left = began + max(patience, answer.wait) - time.monotonic()
            if left <= 0:
                return
            self.halt.wait(min(left, 0.1))

    def _reject(self, journal: Journal, entry: dict[str, Any], answer: Answer) -> None:
        self.rejected += 1
        journal.reject(entry, answer.status, answer.sentence)
        if (entry["kind"], answer.status) not in self._warned:
            self._warned.add((entry["kind"], answer.status))
            log.warning("The platform refused a report (%s, %d): %s It is kept in %s; further ones like it without "
                        "a warning.", entry["kind"], answer.status, answer.sentence, journal.rejected)  # fmt: skip


def requests(entries: list[dict[str, Any]]) -> Iterator[tuple[str, str, Any]]:
    """Method, path below the task, and body of what the reports are sent with."""
    kind, data = entries[0]["kind"], entries[0].get("data")
    if kind in FIGURES:
        yield from _figures(entries)
    elif kind == "evaluation":
        yield "POST", "/evaluations", data
    elif kind in ("model", "error"):
        yield "PUT", {"model": "/model-path", "error": "/error"}[kind], data
    elif kind in ("start", "complete"):
        yield "POST", f"/{kind}", None


def _figures(entries: list[dict[str, Any]]) -> Iterator[tuple[str, str, Any]]:
    """Points, then epochs, then how far the task is: whoever sees an epoch sees its points."""
    points = [entry["data"] for entry in entries if entry["kind"] == "log"]
    epochs = [entry["data"] for entry in entries if entry["kind"] == "epoch"]
    if points:
        yield "POST", "/metrics", {"series": _series(points)}
    if epochs:
        yield "POST", "/history", [epoch["record"] for epoch in epochs]
        for progress in _progress([epoch["progress"] for epoch in epochs]):
            yield "PUT", "/progress", progress


def _progress(reports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The best and the last report, which leave the task as all of them in turn would."""
    last: dict[str, Any] = {}
    for report in reports:
        last.update(report)
    best = max((report for report in reports if "accuracy" in report), key=lambda r: r["accuracy"], default=last)
    return [last] if best is last or best is reports[-1] else [best, last]


def _series(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Compact arrays by name; the last value of a step counts."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for point in points:
        for name in point["values"]:
            found.setdefault(name, {})[point["step"]] = point
    return [_one_series(name, by_step) for name, by_step in found.items()]


def _one_series(name: str, by_step: dict[int, dict[str, Any]]) -> dict[str, Any]:
    points = by_step.values()
    return {
        "name": name,
        "steps": list(by_step),
        "values": [point["values"][name] for point in points],
        "epochs": [point["epoch"] for point in points],
        "times": [point["time"] for point in points],
    }
