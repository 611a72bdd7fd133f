"""The console as a person uses it: create, start, watch without reloading, stop."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from distillation import lifecycle
from distillation.models import TrainingTask

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ADD = "/admin/distillation/trainingtask/add/"


def create(page: Page, name: str) -> TrainingTask:
    page.goto(f"{ADD}#step-start")
    page.fill("[name=taskName]", name)
    page.click("[name=_start]")
    page.wait_for_url("**/change/")
    return TrainingTask.objects.get(task_name=name)


def test_a_task_is_created_started_watched_and_stopped(page, digits):
    task = create(page, "浏览器")
    expect(page.locator(".dd-head-state")).to_contain_text("排队中")
    assert TrainingTask.objects.get(pk=task.pk).status == "QUEUED"

    page.evaluate("window.notReloaded = true")
    task.refresh_from_db()
    assert lifecycle.claim(task, "w1")
    TrainingTask.objects.update(progress=42, phase="student", accuracy="91.25")
    expect(page.locator(".dd-head-state")).to_contain_text("运行中", timeout=10_000)
    expect(page.locator("#task-page")).to_contain_text("91.25 %", timeout=10_000)
    TrainingTask.objects.update(progress=43)
    expect(page.locator("#task-page")).to_contain_text("43 %", timeout=10_000)
    assert page.evaluate("window.notReloaded")

    page.click("[popovertarget=ask-stop]")
    page.click("#ask-stop [type=submit]")
    expect(page.locator(".dd-head-state")).to_contain_text("正在停止", timeout=10_000)
    assert TrainingTask.objects.get(pk=task.pk).intent == "stop"


@pytest.mark.parametrize("width", [1440, 900])
def test_no_page_is_wider_than_the_window(page, digits, width):
    name = "很长的任务名称" * 20 + "averyveryverylongword" * 5
    task = create(page, name[:255])
    page.set_viewport_size({"width": width, "height": 800})
    for path in (
        "/admin/",
        "/admin/distillation/trainingtask/",
        f"/admin/distillation/trainingtask/{task.pk}/change/",
        ADD,
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize("path", ["/swagger-ui/", "/redoc/"])
def test_the_documentation_asks_no_other_host(page, live_server, path):
    asked: list[str] = []
    # What the page's security policy blocks never leaves the browser; answers are what came from somewhere.
    page.on("response", lambda response: asked.append(response.url))
    page.goto(path)
    expect(page.locator("body")).to_contain_text("/model-distillation/tasks", timeout=30_000)
    page.wait_for_timeout(2_000)
    assert [url for url in asked if not url.startswith((live_server.url, "data:", "blob:"))] == []
