"""The front page: is everything going well?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from distillation.models import Dataset, TaskStatus, Worker
from distillation.tests.admin.conftest import LIST
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


def seen(ago: timedelta) -> Worker:
    now = timezone.now()
    return Worker.objects.create(name="w", host="h", pid=1, slots=1, started_at=now, seen_at=now - ago)


def front(console, language="en"):
    return console.get("/admin/", HTTP_ACCEPT_LANGUAGE=language)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_it_renders_with_nothing_and_leads_to_the_first_task(console, language):
    page = front(console, language).content.decode()
    assert f"{LIST}add/" in page
    assert "make demo" in page


def test_data_comes_before_the_first_task(console, home):
    for_data, for_task = reverse("admin:data_new"), f"{LIST}add/"

    def main() -> str:
        return front(console).content.decode().partition('class="dd-button dd-button-main" href="')[2].partition('"')[0]

    assert main() == for_data
    (home / "datasets" / "mine").mkdir()
    assert main() == for_task
    (home / "datasets" / "mine").rmdir()
    Dataset.objects.create(dataset_id="kept")
    assert main() == for_task


def test_those_who_may_not_create_are_not_sent_to_do_it(staff):
    page = staff("R_VIEWER").get("/admin/").content.decode()
    assert reverse("admin:data_new") not in page


def test_counts_leave_samples_and_deleted_tasks_out_and_their_links_agree(console):
    for status in TaskStatus.values:
        TaskFactory(status=status)
        TaskFactory(status=status, executor="sample")
        TaskFactory(status=status, del_flag=1)
    for item in front(console).context["counts"]:
        assert item["count"] == "1"
        assert console.get(item["url"]).context["total"] == 1


def test_it_warns_when_no_worker_has_been_seen_for_a_while(console):
    assert "No worker is running" in front(console).content.decode()
    worker = seen(timedelta(seconds=20))
    assert not front(console).context["silence"]
    Worker.objects.filter(pk=worker.pk).update(seen_at=timezone.now() - timedelta(seconds=61))
    assert "No worker has been seen for 1 min" in front(console).content.decode()


def test_it_shows_running_queued_and_failed_tasks(console):
    running = TaskFactory(status="RUNNING", progress=62, estimated_time=240)
    queued = TaskFactory(status="QUEUED", queued_at=timezone.now())
    failed = TaskFactory(status="FAILED", error_message="the disk is full", end_time=timezone.now())
    page = front(console).content.decode()
    for text in (running.task_name, queued.task_name, failed.task_name, "the disk is full", "4 min 0 s"):
        assert text in page


def test_it_asks_the_database_as_often_for_many_tasks_as_for_few(console):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            front(console)
        return len(captured)

    for status in TaskStatus.values:
        TaskFactory(status=status)
    cost()
    few = cost()
    for status in TaskStatus.values:
        TaskFactory.create_batch(6, status=status)
    assert cost() == few


def test_one_without_the_right_to_see_tasks_sees_no_figures(staff):
    TaskFactory(task_name="secret")
    page = staff().get("/admin/").content.decode()
    assert "secret" not in page


def test_the_sidebar_shows_only_what_may_be_opened(staff, console):
    assert "/admin/auth/user/" in console.get("/admin/").content.decode()
    page = staff("R_VIEWER").get("/admin/").content.decode()
    assert LIST in page
    assert "/admin/auth/user/" not in page


def test_the_language_can_be_switched(console):
    assert "/i18n/setlang/" in console.get("/admin/").content.decode()
