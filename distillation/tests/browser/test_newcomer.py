"""From an empty database to a model that answers, as somebody does it who has never seen the console: real processes,
a real training, both languages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from distillation.tests.browser import newcomer
from distillation.tests.browser.newcomer import CHINESE, SHAPES, Hand, log_in, picture, pictures
from distillation.tests.management.test_supervisor import Served

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1200)]
MOST_STEPS = 15
"""Clicks and fields that a newcomer may need; logging in is not among them."""
SHORT = 60_000
TRAINING = 480_000
COMPLETED = {"zh-CN": "已完成", "en-US": "Completed"}
NO_TEACHER = {"zh-CN": "没有教师模型", "en-US": "without a teacher"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with newcomer.platform(tmp_path) as platform:
        yield platform


@pytest.fixture
def opened(chromium: Browser, served: Served) -> Iterator[Callable[[str], Page]]:
    """Open the console in a language; what a script throws on the way fails the test."""
    errors: list[str] = []
    contexts = []

    def open_in(locale: str) -> Page:
        context = chromium.new_context(
            base_url=f"http://127.0.0.1:{served.port}", locale=locale, viewport={"width": 1440, "height": 900}
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        log_in(page, served)
        return page

    yield open_in
    for context in contexts:
        context.close()
    assert errors == []


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_from_a_zip_of_ones_own_to_a_model_that_answers(opened, tmp_path, locale, capsys):
    chinese = locale == "zh-CN"
    archive = pictures(tmp_path, chinese=chinese)
    page = opened(locale)
    hand = Hand(page)
    began = time.monotonic()

    hand.click(page.locator(".dd-first .dd-button-main"))
    hand.choose(page.locator("label[for=archive]"), archive)
    page.wait_for_url("**/data/draft/*/", timeout=SHORT)
    expect(page.locator(".dd-balance tbody tr")).to_have_count(3, timeout=SHORT)
    expect(page.locator(".dd-balance")).to_contain_text(CHINESE["nut"] if chinese else "nut")
    hand.click(page.locator("[form=keep-form]"))
    page.wait_for_url("**/data/set/*/")

    hand.click(page.locator(".dd-actions .dd-button-main"))
    while not page.locator("[name=_start]").is_visible():
        hand.click(page.locator("[data-next]:visible"))
    expect(page.locator(".wz-ready")).to_be_visible(timeout=SHORT)
    hand.click(page.locator("[name=_start]"))
    page.wait_for_url("**/change/")

    page.evaluate("window.notReloaded = true")
    queued = time.monotonic()
    seen = _watch(page, COMPLETED[locale])
    trained = time.monotonic() - queued
    assert page.evaluate("window.notReloaded")
    assert len(seen) > 2, seen

    hand.click(page.locator("a[href*='/admin/try/']"))
    wanted = [picture(tmp_path / f"new {shape}.png", shape, 1000) for shape in SHAPES[:2]]
    hand.choose(page.locator("label[for=pictures]"), *wanted)
    hand.click(page.locator("#try-form [type=submit]"))
    page.wait_for_url("**/trials/**")
    first = page.locator("[data-side=student] .dd-try-bar:first-child")
    expect(first).to_have_count(2, timeout=SHORT)
    for number, shape in enumerate(SHAPES[:2]):
        expect(first.nth(number)).to_contain_text(CHINESE[shape] if chinese else shape)
    expect(page.locator("[data-facts=teacher]")).to_contain_text(NO_TEACHER[locale])

    with capsys.disabled():
        print(  # noqa: T201 - figures to report
            f"\n{locale}: {len(hand.clicks)} clicks, {len(hand.fields)} fields (at most {MOST_STEPS}), "
            f"{trained:.0f} s from start to finish, {time.monotonic() - began:.0f} s in all: " + " → ".join(hand.clicks)
        )
    assert hand.steps <= MOST_STEPS, hand.clicks


def _watch(page: Page, completed: str) -> set[str]:
    """Look on until the task has ended well; the epochs that were shown on the way."""
    seen: set[str] = set()
    end = time.monotonic() + TRAINING / 1000
    while time.monotonic() < end:
        state = page.locator(".dd-head-state").inner_text()
        if completed in state:
            return seen
        seen.add(page.locator("[data-figure=epoch]").inner_text())
        page.wait_for_timeout(500)
    raise AssertionError(f"not within {TRAINING} ms: {completed}; {state}; {sorted(seen)}")
