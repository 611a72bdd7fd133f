"""The page of a task while it runs: told by a real server, over its restart, and to whoever writes hostile names."""

from __future__ import annotations

import json
import math
import re

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from distillation.models import LogLine, LogSource, TrainingTask
from distillation.services import points
from distillation.tests.api.test_stream import WRITE, Server
from distillation.tests.factories import EvaluationFactory, TaskFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EVIL = "<img src=x onerror=\"window.hurt=1\"><script>window.hurt=1</script><a href='javascript:hurt=1'>x</a>"
PLOT = ".dd-chart-plot"
RANGE = "document.querySelector('.dd-chart-plot')._fullLayout.xaxis.range.map(Math.round)"
LAST = "document.querySelector('.dd-chart-plot')?.data?.find(line => line.name)?.x.at(-1)"


def address(task: TrainingTask, tab: str = "") -> str:
    return reverse("admin:distillation_trainingtask_change", args=[task.pk]) + tab


def curve(task: TrainingTask, first: int, last: int, name: str = "loss") -> None:
    rows = [(name, "student", step, 1, 1.8e9 + step, math.exp(-step / 50)) for step in range(first, last)]
    points.store(task, rows)


def log(task: TrainingTask, texts: list[str], level: int = 20) -> None:
    LogLine.objects.bulk_create(
        LogLine(task=task, attempt=1, level=level, source=LogSource.ENGINE, text=text) for text in texts
    )


def drawn(page: Page, step: int, timeout: int = 20_000) -> None:
    """Wait until the first chart ends at the step."""
    page.wait_for_function(f"{LAST} === {step}", timeout=timeout)


@pytest.fixture
def server(tmp_path) -> Server:
    home = tmp_path / "server"
    home.mkdir()
    server = Server(home)
    server.set_up()
    return server


def watching(chromium: Browser, server: Server, number: int) -> Page:
    context = chromium.new_context(base_url=server.url, locale="zh-CN", viewport={"width": 1440, "height": 900})
    cookies = server.client(number).cookies
    context.add_cookies([{"name": "sessionid", "value": cookies["sessionid"], "url": server.url}])
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto("/admin/distillation/trainingtask/1/change/")
    return page


def test_two_browsers_follow_a_run_over_a_restart_and_keep_their_zoom(chromium, server):
    with server.serving():
        server.python(WRITE, "0", "6")
        pages = [watching(chromium, server, number) for number in (0, 1)]
        for page in pages:
            drawn(page, 5)
        pages[0].evaluate("Plotly.relayout(document.querySelector('.dd-chart-plot'), {'xaxis.range': [1, 4]})")
        server.python(WRITE, "6", "8")
        for page in pages:
            drawn(page, 7)
            expect(page.locator("[data-connection]")).to_be_hidden()
        assert pages[0].evaluate(RANGE) == [1, 4]
    for page in pages:
        expect(page.locator("[data-connection]")).to_be_visible(timeout=20_000)
    server.python(WRITE, "8", "10")  # nobody serves
    with server.serving():
        for page in pages:
            drawn(page, 9, timeout=40_000)
            expect(page.locator("[data-connection]")).to_be_hidden()
            steps = page.evaluate("document.querySelector('.dd-chart-plot').data.find(line => line.name).x")
            assert steps == list(range(10))
        assert pages[0].evaluate(RANGE) == [1, 4]
    for page in pages:
        page.context.close()


def test_where_no_stream_comes_through_the_page_asks(page):
    task = TaskFactory(status="RUNNING", executor="external", progress=10)
    curve(task, 0, 5)
    page.route("**/stream/**", lambda route: route.abort())
    page.goto(address(task))
    drawn(page, 4)
    expect(page.locator("[data-connection][data-why=polling]")).to_be_visible(timeout=40_000)
    curve(task, 5, 9)
    log(task, ["a new line"])
    TrainingTask.objects.update(progress=77)
    drawn(page, 8)
    expect(page.locator(".dd-tile-bar")).to_contain_text("77 %")
    page.click(".dd-tabs a[href='#log']")
    expect(page.locator("[data-log]")).to_contain_text("a new line")


def test_a_session_that_ended_says_so_and_leads_to_the_login(page):
    task = TaskFactory(status="RUNNING", executor="external")
    page.goto(address(task))
    expect(page.locator("[data-connection]")).to_be_hidden()
    Session.objects.all().delete()
    banner = page.locator("[data-connection][data-why=expired]")
    expect(banner).to_be_visible(timeout=30_000)
    banner.locator("a").click()
    page.fill("input[name=username]", "alice")
    page.fill("input[name=password]", "correct horse")
    page.click("button[type=submit]")
    page.wait_for_url(f"**{address(task)}")


def test_hostile_names_are_text_in_charts_and_log(page):
    task = TaskFactory(task_name=EVIL[:200], status="COMPLETED")
    for name in ("loss", EVIL[:64], "constructor", "__proto__"):
        curve(task, 0, 20, name)
    log(task, [EVIL, "\u202e" + EVIL], 40)
    EvaluationFactory(
        task=task,
        detailed_results=json.dumps({"classes": [EVIL, "b"], "confusion_matrix": [[3, 1], [0, 4]], "teacher": 94}),
    )
    page.goto(address(task))
    drawn(page, 19)
    expect(page.locator("[data-charts]")).to_contain_text(EVIL[:64])
    page.locator(".dd-chart-bar").first.locator("button").last.click()
    expect(page.locator(".dd-chart-rows table").first).to_contain_text("19")
    page.click(".dd-tabs a[href='#log']")
    expect(page.locator(".dd-log-line").first).to_contain_text(EVIL)
    page.click(".dd-tabs a[href='#evaluation']")
    expect(page.locator("#evaluation")).to_contain_text(EVIL)
    page.wait_for_timeout(300)
    assert page.evaluate("window.hurt") is None
    assert page.locator("#task-page [src=x], #task-page a[href^=javascript]").count() == 0


def test_a_long_log_is_read_by_pieces_and_narrowed(page):
    task = TaskFactory(status="COMPLETED")
    log(task, [f"line {number}" for number in range(2000)])
    log(task, ["something to worry about"], 30)
    page.goto(address(task, "#log"))
    lines = page.locator(".dd-log-line")
    expect(lines).to_have_count(200)
    expect(lines.last).to_contain_text("something to worry about")
    for _ in range(40):
        page.evaluate("document.querySelector('[data-log]').scrollTop = 0")
        page.wait_for_timeout(250)
        if "line 0" in lines.first.inner_text():
            break
    expect(lines.first).to_contain_text("line 0")
    assert lines.count() <= 1000
    page.select_option("[data-log-controls] [name=level]", "warning")
    expect(lines).to_have_count(1)
    page.select_option("[data-log-controls] [name=level]", "debug")
    page.fill("[data-log-controls] [name=search]", "line 77")
    expect(lines).to_have_count(11)
    page.fill("[data-log-controls] [name=search]", "nowhere")
    expect(page.locator("[data-log-state]")).not_to_be_empty()


def test_choices_stand_in_the_address_and_are_remembered(page):
    task = TaskFactory(status="COMPLETED")
    curve(task, 0, 50)
    page.goto(address(task))
    drawn(page, 49)
    page.select_option("[data-curve-controls] [name=x]", "time")
    page.check("[data-curve-controls] [name=log]")
    page.wait_for_function("document.querySelector('.dd-chart-plot')._fullLayout?.yaxis.type === 'log'")
    assert re.search(r"#curves;x=time;smooth=0\.6;log=1$", page.url)
    page.goto("about:blank")
    page.goto(address(task))
    page.wait_for_selector(f"{PLOT} .main-svg")
    assert page.evaluate("document.querySelector('.dd-chart-plot')._fullLayout.xaxis.type") == "date"
    page.goto("about:blank")
    page.goto(address(task, "#curves;x=<script>;smooth=9;log=0"))
    page.wait_for_selector(f"{PLOT} .main-svg")
    assert page.input_value("[data-curve-controls] [name=x]") == "time"
    assert not page.is_checked("[data-curve-controls] [name=log]")


def test_tabs_are_links_that_keys_reach(page):
    task = TaskFactory(status="COMPLETED")
    page.goto(address(task, "#history"))
    expect(page.locator("#history")).to_be_visible()
    expect(page.locator("#curves")).to_be_hidden()
    page.focus(".dd-tabs a[href='#history']")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator("#configuration")).to_be_visible()
    page.go_back()
    expect(page.locator("#history")).to_be_visible()


def test_a_log_scale_says_what_it_leaves_out(page):
    task = TaskFactory(status="COMPLETED")
    points.store(task, [("loss", "student", n, 1, 1.8e9 + n, 0.0 if n < 7 else 1.0 / n) for n in range(20)])
    page.goto(address(task, "#curves;log=1"))
    expect(page.locator(".dd-chart-note").first).to_contain_text(re.compile("· .*\\b7 "))
