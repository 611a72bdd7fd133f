"""Pictures of every page in both languages, and of the main ones in dark and on a phone, to be looked at.

`make screenshots` makes a home with the demo's tasks and the samples once (three minutes), serves it, and writes
``var/screenshots/<name>.png``. With ``--crowded`` the home gets more rows and longer names than fit.
Pages that throw, that are wider than the window or that answer an error are named.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright

LANGUAGES = {"zh": "zh-CN", "en": "en-US"}
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
TASKS = "distillation/trainingtask/"
SETTLED = 1500
"""Milliseconds for charts and pictures."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One page."""

    name: str
    path: str
    main: bool = False
    """One of those that are taken in dark and on a phone too."""


def shots() -> Iterator[Shot]:
    """Every page, for the rows that the database has."""
    yield Shot("front", "", main=True)
    yield Shot("tasks", TASKS, main=True)
    yield Shot("tasks-none", f"{TASKS}?q=nothing-is-called-so")
    yield Shot("wizard", f"{TASKS}add/", main=True)
    for step in ("data", "models", "method", "training", "start"):
        yield Shot(f"wizard-{step}", f"{TASKS}add/#step-{step}")
    yield from _of_tasks()
    yield Shot("datasets", "distillation/dataset/")
    yield Shot("dataset-new", "data/new/")
    yield from _of_datasets()
    yield Shot("labelling", "distillation/inferencejob/")
    yield Shot("label-choose", "label/")
    yield Shot("presets", "distillation/lorapreset/")
    yield from _first("preset", "LoraPreset", "distillation/lorapreset/")
    for name, model in (("workers", "distillation/worker"), ("tokens", "distillation/scripttoken"),
                        ("users", "auth/user"), ("teams", "distillation/team"),
                        ("aliases", "distillation/teacheralias"), ("audit", "distillation/auditentry")):  # fmt: skip
        yield Shot(name, f"{model}/")
    for name, model in (("token-new", "distillation/scripttoken"), ("user-new", "auth/user"),
                        ("team-new", "distillation/team"), ("preset-new", "distillation/lorapreset")):  # fmt: skip
        yield Shot(name, f"{model}/add/")
    yield Shot("password", "password_change/")
    yield Shot("missing", "nowhere/")


def _of_tasks() -> Iterator[Shot]:
    tasks: Any = apps.get_model("distillation", "TrainingTask").objects
    real = tasks.alive().filter(executor="platform").order_by("id")
    distilled = real.filter(training_mode="distillation", status="COMPLETED").last()
    sample = tasks.filter(executor="sample", status="RUNNING").first()
    failed = tasks.filter(status="FAILED").first()
    if distilled is not None:
        page = f"{TASKS}{distilled.pk}/change/"
        yield Shot("task", page, main=True)
        for tab in ("log", "evaluation", "files", "configuration", "history"):
            yield Shot(f"task-{tab}", f"{page}#{tab}")
        yield Shot("task-clone", f"{TASKS}{distilled.pk}/clone/")
        yield Shot("try", f"try/{distilled.pk}/")
        yield Shot("label", f"label/{distilled.pk}/")
    for name, task in (("task-sample", sample), ("task-failed", failed)):
        if task is not None:
            yield Shot(name, f"{TASKS}{task.pk}/change/")
    compared = ",".join(real.values_list("task_id", flat=True)[:3])
    yield Shot("compare", f"compare/?tasks={compared}", main=True)
    yield Shot("compare-none", "compare/")


def _of_datasets() -> Iterator[Shot]:
    rows = apps.get_model("distillation", "Dataset").objects.order_by("id")
    for number, row in enumerate(rows[:3]):
        yield Shot(f"dataset-{number}", f"data/set/{row.pk}/")


def _first(name: str, model: str, path: str) -> Iterator[Shot]:
    row = apps.get_model("distillation", model).objects.order_by("id").first()
    if row is not None:
        yield Shot(name, f"{path}{row.pk}/change/")


def take(browser: Browser, url: str, password: str, out: Path, wanted: Callable[[Shot], bool]) -> int:
    """Take every picture; returns how many pages complained."""
    complaints = 0
    every = [shot for shot in shots() if wanted(shot)]
    for language, locale in LANGUAGES.items():
        for scheme, size, kind in (("light", WIDE, ""), ("dark", WIDE, "-dark"), ("light", NARROW, "-phone")):
            chosen = every if not kind else [shot for shot in every if shot.main]
            context = browser.new_context(base_url=url, locale=locale, viewport=size, color_scheme=scheme)
            page = context.new_page()
            said: list[str] = []
            page.on("pageerror", lambda error, said=said: said.append(str(error)))
            _log_in(page, password, out / f"login-{language}{kind}.png")
            for shot in chosen:
                page.goto("about:blank")  # so that another hash of the same page loads it anew
                answer = page.goto(f"/admin/{shot.path}")
                _look_through(page)
                page.screenshot(path=out / f"{shot.name}-{language}{kind}.png", full_page=True)
                wide = page.evaluate("document.documentElement.scrollWidth") > size["width"]
                status = answer.status if answer is not None else 0
                if said or wide or (status != 200 and shot.name != "missing"):
                    complaints += 1
                    sys.stdout.write(f"{shot.name}-{language}{kind}: {status} {'too wide ' * wide}{said}\n")
                said.clear()
            context.close()
    return complaints


def _look_through(page: Page) -> None:
    """Charts are drawn when they come into sight."""
    page.wait_for_timeout(SETTLED)
    height = page.evaluate("document.documentElement.scrollHeight")
    for place in range(0, height, 700):
        page.mouse.wheel(0, 700)
        page.wait_for_timeout(SETTLED // 8 if place else 0)
    page.evaluate("document.querySelectorAll('*').forEach(one => { if (one.scrollTop) one.scrollTop = 0; })")
    page.wait_for_timeout(SETTLED // 3)


def _log_in(page: Page, password: str, picture: Path) -> None:
    page.goto("/admin/login/")
    page.screenshot(path=picture)
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url("**/admin/")


@contextmanager
def served(out: Path) -> Iterator[str]:
    """The address of a server of our own on the home of ``DISTILLATION_HOME``; the demo fills it the first time."""
    if not (Path(os.environ["DISTILLATION_HOME"]) / "demo-result.json").is_file():
        demo = [sys.executable, "manage.py", "demo"]
        subprocess.run(demo, check=True, env=os.environ | {"DEMO_EXIT": "1"})
    with serving(out / "server.log") as url:
        yield url


@contextmanager
def serving(log_file: Path) -> Iterator[str]:
    """The address of one web process on that home as it is."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "distillation_site.asgi:application", "--port", str(port)]
    with log_file.open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            _wait(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _wait(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.2)
    raise SystemExit("The server does not answer; see server.log beside the pictures.")


def main() -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("var/screenshots"))
    parser.add_argument("--only", default="", help="pages whose name contains this")
    parser.add_argument("--crowded", action="store_true", help="fill the lists with long names; stays in that home")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("DISTILLATION_HOME", str(arguments.out.absolute() / "home"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "distillation_site.settings")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # playwright keeps an event loop in this thread
    with served(arguments.out) as url:
        django.setup()
        if arguments.crowded:
            importlib.import_module("distillation.tests.browser.crowd").fill()
        password = (Path(settings.DISTILLATION_HOME) / "admin-password").read_text(encoding="utf-8").strip()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            complaints = take(browser, url, password, arguments.out, lambda shot: arguments.only in shot.name)
            browser.close()
    sys.stdout.write(f"{complaints} pages complained; pictures are in {arguments.out}\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
