"""From an empty database to a model that answers, as somebody does it who has never seen the console: real processes,
a real training, both languages."""

from __future__ import annotations

import csv
import io
import json
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from distillation.storage.artifacts import BESIDE_THE_MODEL
from distillation.tests.browser import newcomer
from distillation.tests.browser.newcomer import CHINESE, SHAPES, Hand, log_in, picture, pictures
from distillation.tests.management.test_supervisor import Served

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1200)]
MOST_STEPS = 15
"""Clicks and fields that a newcomer may need; logging in is not among them."""
SHORT = 60_000
NEW_OF_EACH = 6
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

    _bring(hand, archive, CHINESE["nut"] if chinese else "nut")
    hand.click(page.locator(".dd-actions .dd-button-main"))
    _start(hand)
    queued = time.monotonic()
    seen = _watch(page, COMPLETED[locale])
    trained = time.monotonic() - queued
    assert len(seen) > 2, seen

    hand.click(page.locator("a[href*='/admin/try/']"))
    wanted = [shape for shape in SHAPES for _ in range(NEW_OF_EACH)]
    new = [picture(tmp_path / f"new {place}.png", shape, 1000 + place) for place, shape in enumerate(wanted)]
    hand.choose(page.locator("label[for=pictures]"), *new)
    hand.click(page.locator("#try-form [type=submit]"))
    page.wait_for_url("**/trials/**")
    first = page.locator("[data-side=student] .dd-try-bar:first-child")
    expect(first).to_have_count(len(new), timeout=SHORT)
    names = [CHINESE[shape] if chinese else shape for shape in wanted]
    right = sum(name in said for name, said in zip(names, first.all_inner_texts(), strict=True))
    assert right > len(new) / 2, first.all_inner_texts()
    expect(page.locator("[data-facts=teacher]")).to_contain_text(NO_TEACHER[locale])

    with capsys.disabled():
        print(  # noqa: T201 - figures to report
            f"\n{locale}: {len(hand.clicks)} clicks, {len(hand.fields)} fields (at most {MOST_STEPS}), "
            f"{right} of {len(new)} new pictures right, "
            f"{trained:.0f} s from start to finish, {time.monotonic() - began:.0f} s in all: " + " → ".join(hand.clicks)
        )
    assert hand.steps <= MOST_STEPS, hand.clicks


def test_a_teacher_a_smaller_student_with_a_control_and_what_comes_out(opened, tmp_path):
    page = opened("en-US")
    hand = Hand(page)
    _bring(hand, pictures(tmp_path, chinese=False), "nut")
    data = page.url
    teacher = _train(hand, student="resnet18", totalEpochs="3", imageSize="32")

    page.goto(data)
    hand.click(page.locator(".dd-actions .dd-button-main"))
    expect(page.locator("[name=trainingMode]:checked")).to_have_value("distillation")
    expect(page.locator("[name=teacherModel]:checked")).to_have_value(teacher)
    page.locator("[data-next]:visible").click()
    page.locator("label[for=id_control]").click()
    page.locator("[data-next]:visible").click()
    hand.type("totalEpochs", "10")
    _start(hand)
    _watch(page, COMPLETED["en-US"])
    student = page.locator(".dd-head .dd-id").inner_text()
    with page.expect_download() as download:
        page.locator(".dd-actions a[href$='/model/']").click()
    download.value.save_as(tmp_path / "model.zip")
    with zipfile.ZipFile(tmp_path / "model.zip") as bundle:
        assert bundle.testzip() is None
        names = {name.removeprefix(f"{student}/") for name in bundle.namelist()}
        config = json.loads(bundle.read(f"{student}/config.json"))
    assert names == {"model.safetensors", *BESIDE_THE_MODEL} - {"model.nms.onnx"}
    assert sorted(config["classes"]) == sorted(SHAPES)

    page.goto("/admin/distillation/trainingtask/")
    for box in page.locator("[name=_selected_action]").all():
        box.check()
    page.click("[data-compare]")
    page.wait_for_url("**/admin/compare/?tasks=**")
    expect(page.locator(".dd-lines li")).to_have_count(2)
    with page.expect_download() as download:
        page.click("a[href*='/compare/export/']")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    by_task = {row["Task id"]: row for row in rows}
    assert set(by_task) == {teacher, student}
    assert int(by_task[student]["Parameters"]) * 100 < int(by_task[teacher]["Parameters"])
    for column in ("Teacher level (%)", "Control level (%)", "Gain over control (points)"):
        assert by_task[student][column] != "", column
        assert by_task[teacher][column] == "", column
    assert by_task[student]["Teacher level (%)"] == by_task[teacher]["Accuracy (%)"]


def test_a_task_whose_data_vanished_says_so_and_what_to_do(opened, served, tmp_path):
    page = opened("zh-CN")
    hand = Hand(page)
    _bring(hand, pictures(tmp_path, chinese=True), CHINESE["nut"])
    worker = served.children()["worker"]
    worker.suspend()
    hand.click(page.locator(".dd-actions .dd-button-main"))
    _start(hand)
    task = page.url
    shutil.rmtree(served.home / "datasets" / "零件照片")
    worker.resume()
    expect(page.locator(".dd-head-state")).to_contain_text("失败", timeout=SHORT)
    expect(page.locator(".dd-notice-danger")).to_contain_text("零件照片")
    said = page.locator(".dd-notice-danger p").first.inner_text()
    page.goto("/admin/")
    row = page.locator("[data-key=failed] .dd-row")
    expect(row).to_have_count(1)
    expect(row.locator(".dd-why")).to_have_text(said)
    row.locator(".dd-name").click()
    page.wait_for_url(task)


def _bring(hand: Hand, archive: Path, name: str) -> None:
    """From the front page of an empty database to a data set of one's own, looked at before it is kept."""
    page = hand.page
    hand.click(page.locator(".dd-first .dd-button-main"))
    hand.choose(page.locator("label[for=archive]"), archive)
    page.wait_for_url("**/data/draft/*/", timeout=SHORT)
    expect(page.locator(".dd-tiles")).to_be_visible(timeout=SHORT)
    if page.locator("#class-folders").is_visible():
        hand.click(page.locator("#class-folders button"))
    expect(page.locator(".dd-balance tbody tr")).to_have_count(len(SHAPES), timeout=SHORT)
    expect(page.locator(".dd-balance")).to_contain_text(name)
    hand.click(page.locator("[form=keep-form]"))
    page.wait_for_url("**/data/set/*/")


def _start(hand: Hand) -> None:
    """From any step of the wizard to the page of the started task."""
    page = hand.page
    expect(page.locator("[data-next]:visible, [name=_start]:visible")).to_have_count(1)  # the script hides other steps
    while not page.locator("[name=_start]").is_visible():
        hand.click(page.locator("[data-next]:visible"))
    expect(page.locator(".wz-ready")).to_be_visible(timeout=SHORT)
    hand.click(page.locator("[name=_start]"))
    page.wait_for_url("**/change/")
    page.evaluate("window.notReloaded = true")


def _train(hand: Hand, *, student: str, **values: str) -> str:
    """Train the data set whose page is open, and return the task's id."""
    page = hand.page
    hand.click(page.locator(".dd-actions .dd-button-main"))
    page.check(f"[name=studentModel][value={student}]")
    for name, value in values.items():
        page.goto(f"{page.url.partition('#')[0]}#field-{name}")
        hand.type(name, value)
    page.goto(f"{page.url.partition('#')[0]}#field-selectBest")
    page.locator("label[for=id_selectBest]").click()
    _start(hand)
    _watch(page, COMPLETED["en-US"])
    return page.locator(".dd-head .dd-id").inner_text()


def _watch(page: Page, completed: str) -> set[str]:
    """Look on until the task has ended well, without a reload; the epochs that were shown on the way."""
    seen: set[str] = set()
    end = time.monotonic() + TRAINING / 1000
    while time.monotonic() < end:
        state = page.locator(".dd-head-state").inner_text()
        if completed in state:
            assert page.evaluate("window.notReloaded")
            return seen
        seen.add(page.locator("[data-figure=epoch]").inner_text())
        page.wait_for_timeout(500)
    raise AssertionError(f"not within {TRAINING} ms: {completed}; {state}; {sorted(seen)}")
