"""For ``compare_page.py``: from asking for the page until a Chromium has drawn both pictures; one web process."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import sync_playwright

from distillation.tests.browser.screenshots import serving

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
    with tempfile.NamedTemporaryFile() as log, serving(Path(log.name)) as url, sync_playwright() as playwright:
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
