"""The front page and the list of tasks as people use them, all day."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from distillation.models import Preference, SavedView, TrainingTask, Worker
from distillation.tests.factories import TaskFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "/admin/distillation/trainingtask/"
ROLES = ("R_ADMIN", "R_ENGINEER", "R_ANNOTATOR", "R_VIEWER")


@pytest.fixture
def browsers(chromium: Browser, live_server) -> Iterator:
    """Logs somebody of a role in, in a browser of their own."""
    contexts = []

    def browser(name: str, role: str = "", **options) -> Page:
        user = UserFactory._meta.model.objects.filter(username=name).first()
        if user is None:
            user = UserFactory(username=name, is_superuser=False, is_staff=False)
            user.groups.set([Group.objects.get_or_create(name=role)[0]])
            user.set_password("correct horse")
            user.save()
        contexts.append(chromium.new_context(base_url=live_server.url, locale="zh-CN", **options))
        page = contexts[-1].new_page()
        page.goto("/admin/login/")
        page.fill("input[name=username]", name)
        page.fill("input[name=password]", "correct horse")
        page.click("button[type=submit]")
        page.wait_for_url("**/admin/")
        return page

    yield browser
    for context in contexts:
        context.close()


def running(**more) -> TrainingTask:
    return TaskFactory(status="RUNNING", progress=10, phase="student", start_time=timezone.now(), **more)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_opens_both_pages_and_sees_no_button_that_is_refused(browsers, role):
    running(create_by="olga", visibility="everyone")
    TaskFactory(create_by="olga", visibility="everyone", status="FAILED", end_time=timezone.now())
    page = browsers("someone", role)
    may_stop = 1 if role == "R_ADMIN" else 0
    expect(page.locator("#overview .dd-run")).to_have_count(1)
    expect(page.locator("#overview .dd-small-danger")).to_have_count(may_stop)
    expect(page.locator("#overview form[action*='/do/start/']")).to_have_count(may_stop)
    page.goto(LIST)
    expect(page.locator(".dd-tasks tbody tr")).to_have_count(2)
    page.locator("[name=_selected_action]").first.check()
    expect(page.locator("[data-bulk]")).to_be_visible()
    offered = page.locator("[data-bulk] button[value$=_tasks]")
    assert (offered.count() > 0) == (role in ("R_ADMIN", "R_ENGINEER"))
    expect(page.locator("[data-compare]")).to_be_disabled()
    page.locator("[name=_selected_action]").last.check()
    expect(page.locator("[data-compare]")).to_be_enabled()


def test_the_front_page_goes_on_by_itself_and_nothing_under_the_pointer_moves(page):
    Worker.objects.create(name="w", host="box", pid=1, slots=1, started_at=timezone.now(), seen_at=timezone.now())
    task = running(task_name="认零件")
    page.goto("/admin/")
    page.evaluate("window.notReloaded = true; window.row = document.querySelector('.dd-run')")
    row = page.locator(".dd-run", has_text="认零件")
    expect(row).to_contain_text("10")
    TrainingTask.objects.filter(pk=task.pk).update(progress=63, accuracy="91.25", estimated_time=200)
    expect(row).to_contain_text("91.25 %", timeout=12_000)
    expect(row.locator("progress")).to_have_js_property("value", 63)
    row.hover()
    running(task_name="后来的")
    page.wait_for_timeout(6_000)
    expect(page.locator(".dd-run")).to_have_count(1)
    page.mouse.move(2, 2)
    expect(page.locator(".dd-run")).to_have_count(2, timeout=12_000)
    assert page.evaluate("window.notReloaded && window.row.isConnected")
    TrainingTask.objects.filter(pk=task.pk).update(status="COMPLETED", end_time=timezone.now())
    expect(page.locator(".dd-run")).to_have_count(1, timeout=12_000)


def test_a_lost_server_is_told_and_heals(page):
    running()
    page.goto("/admin/")
    page.route("**/admin/overview/", lambda route: route.abort())
    expect(page.locator("[data-lost]")).to_be_visible(timeout=12_000)
    page.unroute("**/admin/overview/")
    expect(page.locator("[data-lost]")).to_be_hidden(timeout=30_000)


def test_a_task_is_stopped_from_the_front_page_in_two_clicks(page):
    task = running()
    page.goto("/admin/")
    page.click(f"[popovertarget=stop-{task.pk}]")
    page.click(f"#stop-{task.pk} [type=submit]")
    page.wait_for_url("**/admin/")
    expect(page.locator(".dd-run .dd-states")).to_contain_text("正在停止")
    assert TrainingTask.objects.get(pk=task.pk).intent == "stop"


def test_a_view_is_saved_opens_first_and_is_deleted(page):
    TaskFactory(status="FAILED", task_name="坏的")
    TaskFactory(status="COMPLETED", task_name="好的")
    page.goto(LIST)
    page.click(".dd-chips a[href*=FAILED]")
    page.click("[popovertarget=save-view]")
    page.fill("#view-name", "我的失败任务")
    page.check("[name=default]")
    page.click("#save-view [type=submit]")
    expect(page.locator(".dd-view[data-current]")).to_contain_text("我的失败任务")
    page.goto(LIST)
    expect(page.locator(".dd-tasks tbody tr")).to_have_count(1)
    page.click(".dd-views > a")
    expect(page.locator(".dd-tasks tbody tr")).to_have_count(2)
    view = SavedView.objects.get()
    page.click(f"[popovertarget=view-{view.pk}]")
    page.click(f"#view-{view.pk} [value=delete]")
    expect(page.locator(".dd-view")).to_have_count(0)


def test_a_group_unfolds_in_place_and_is_ticked_and_stopped_as_a_whole(page):
    group = uuid.uuid4().hex
    TaskFactory(status="COMPLETED", task_name="别的")
    for number in range(3):
        TaskFactory(status="QUEUED", queued_at=timezone.now(), task_name=f"扫描 · temperature={number}", group_id=group)
    TaskFactory(status="COMPLETED", task_name="扫描 · temperature=9", group_id=group)
    page.goto(LIST)
    expect(page.locator(".dd-tasks tbody tr")).to_have_count(2)
    page.keyboard.press("Tab")
    page.locator(".dd-unfold").focus()
    page.keyboard.press("Enter")
    expect(page.locator("tr.dd-member")).to_have_count(4)
    expect(page.locator(".dd-unfold")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Space")
    expect(page.locator("tr.dd-member").first).to_be_hidden()
    page.check("[data-tick-group]")
    expect(page.locator("[data-ticked]")).to_have_text("4")
    page.click("[value=stop_tasks]")
    page.click(".dd-confirm [type=submit]")
    expect(page.locator("[data-result=done]")).to_have_count(3)
    expect(page.locator("[data-result=refused]")).to_have_count(1)
    expect(page.locator("[data-result=refused]")).to_contain_text("TASK_")
    assert TrainingTask.objects.filter(status="STOPPED").count() == 3


def test_a_deletion_is_undone(page):
    tasks = TaskFactory.create_batch(2)
    page.goto(LIST)
    page.check("[data-tick-all]")
    page.click("[value=delete_tasks]")
    page.click(".dd-confirm [type=submit]")
    assert TrainingTask.objects.alive().count() == 0
    page.click("[value=restore_tasks] ~ button")
    expect(page.locator("[data-result=done]")).to_have_count(len(tasks))
    assert TrainingTask.objects.alive().count() == 2


def test_columns_are_chosen_and_stay(page):
    TaskFactory(loss="0.25")
    page.goto(LIST)
    page.click("[popovertarget=choose-columns]")
    page.check("#choose-columns [value=loss]")
    page.uncheck("#choose-columns [value=data]")
    page.locator("#choose-columns [type=submit]").last.click()
    expect(page.locator("th.column-loss")).to_be_visible()
    page.goto("/admin/")
    page.goto(LIST)
    expect(page.locator("th.column-data")).to_have_count(0)


def test_look_and_language_follow_the_account_to_another_browser(browsers):
    first = browsers("olga", "R_ENGINEER", color_scheme="light")
    first.evaluate("document.querySelector('[x-on\\\\:click*=\"switchTheme(\\'dark\\')\"]').click()")
    expect(first.locator("html.dark")).to_have_count(1)
    first.wait_for_timeout(500)
    first.evaluate("document.querySelector('form[action*=setlang]:has([value=en]) button').click()")
    expect(first.locator("html[lang=en]")).to_have_count(1)
    assert Preference.objects.get().theme == "dark"
    second = browsers("olga", color_scheme="light")
    expect(second.locator("html.dark[lang=en]")).to_have_count(1)


@pytest.mark.parametrize("width", [1440, 1280, 800, 390])
def test_both_pages_fit_the_window(page, width):
    name = "很长的任务名称" * 20 + "averyveryverylongword" * 5
    Worker.objects.create(name="w" * 64, host="h" * 255, pid=1, slots=1, devices='["' + "GPU" * 60 + '"]',
                          started_at=timezone.now(), seen_at=timezone.now())  # fmt: skip
    for status in ("RUNNING", "QUEUED", "FAILED", "COMPLETED"):
        TaskFactory.create_batch(2, status=status, task_name=name[:255], teacher_model="t" * 100, dataset_id="d" * 100,
                                 student_model="s" * 100, error_message="x" * 900, create_by="o" * 64, group_id=status,
                                 start_time=timezone.now(), end_time=timezone.now())  # fmt: skip
    SavedView.objects.create(user=UserFactory._meta.model.objects.get(), name="长" * 60, query="q=x")
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/admin/", LIST, f"{LIST}?fold=no&q={'长' * 100}", f"{LIST}?fold=no"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
