"""For ``compare_page.py``: from asking for the page until a Chromium has drawn both pictures; one web process."""

from __future__ import annotations

import contextlib
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]
DRAWN = """
(tasks) => {
  const plots = [...document.querySelectorAll("#compare-charts .dd-chart-plot")];
  const drawn = plots.filter(plot => plot.data && plot.querySelectorAll(".scatterlayer .trace").length >= tasks
    && plot.data.filter(line => line.x && line.x.length > 1).length >= tasks);
  return drawn.length === 2;
}
"""


def seconds(ids: Sequence[str], rounds: int) -> float:
    """The median of so many visits, each by a browser of its own that has the page's scripts already."""
    client = Client()
    client.force_login(User.objects.get(username="bench"))
    cookie = client.cookies["sessionid"].value
    with _served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        context = browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": url}])
        found = []
        for _ in range(rounds + 1):
            page = context.new_page()
            begun = time.perf_counter()
            page.goto(f"/admin/compare/?curve=loss&curve2=valAccuracy&tasks={','.join(ids)}", wait_until="commit")
            page.wait_for_function(DRAWN, arg=len(ids), polling="raf")
            found.append(time.perf_counter() - begun)
            page.close()
        browser.close()
    return statistics.median(found[1:])


@contextlib.contextmanager
def _served() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "distillation_site.asgi:application", "--port", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet) as server:
        try:
            for _ in range(300):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
