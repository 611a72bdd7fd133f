"""A real Chromium against a real server of the test's own database.

Playwright keeps an event loop in the thread while it lives; it ends with the module, before other tests need one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from distillation.tests.factories import UserFactory

FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        line = "NO BROWSER: chromium is not installed (apt-get install chromium fonts-noto-cjk)"
        pytest.fail(line, pytrace=False) if os.environ.get("CI") == "true" else pytest.skip(line)
    # Playwright keeps an event loop in this thread, which Django takes for an asynchronous caller.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def page(chromium: Browser, live_server) -> Iterator[Page]:
    """Alice, an administrator, logged in with a Chinese browser.

    What a script of the page throws, or the content policy keeps from running, fails the test.
    """
    alice = UserFactory(username="alice")
    alice.set_password("correct horse")
    alice.save()
    context = chromium.new_context(base_url=live_server.url, locale="zh-CN", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if _blocked(said.text) else None)
    page.goto("/admin/login/")
    page.fill("input[name=username]", "alice")
    page.fill("input[name=password]", "correct horse")
    page.click("button[type=submit]")
    page.wait_for_url("**/admin/")
    yield page
    context.close()
    assert errors == []


def _blocked(said: str) -> bool:
    """Redoc's bundle always asks for its maker's logo, and is meant not to get it."""
    return "Content Security Policy" in said and "redoc/logo" not in said
