"""The front page: its figures, its age, its buttons, and the part that is asked for while it is open."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from distillation.models import AuditEntry, Dataset, ResourceSample, TaskTransition, TrainingTask, Worker
from distillation.storage import disk_use
from distillation.tests.admin.people import EVERYBODY, make_world
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db
LIVE = "/admin/overview/"


@pytest.fixture
def world(home):
    return make_world(home)


def live(client, language="en"):
    return client.get(LIVE, HTTP_ACCEPT_LANGUAGE=language)


def worker(name="w1", devices="[]", **ago) -> Worker:
    now = timezone.now()
    return Worker.objects.create(name=name, host="box", pid=1, slots=2, devices=devices, started_at=now,
                                 seen_at=now - timedelta(**ago))  # fmt: skip


def sample(task, **values) -> ResourceSample:
    return ResourceSample.objects.create(task=task, attempt=1, **{"time": time.time(), **values})


def test_the_live_part_is_the_body_of_the_page_alone(world):
    page = live(world.client("adam")).content.decode()
    assert "<html" not in page
    assert 'data-key="counts"' in page
    assert "as of" in page
    assert 'data-live="/admin/overview/"' in world.client("adam").get("/admin/").content.decode()


@pytest.mark.parametrize("who", EVERYBODY[:7])
def test_nobody_is_offered_a_button_that_is_refused(world, who):
    TrainingTask.objects.filter(pk=world.queued.pk).update(status="RUNNING", start_time=timezone.now())
    failed = TaskFactory(create_by="olga", status="FAILED", end_time=timezone.now(), error_message="no disk")
    page = live(world.client(who))
    assert page.status_code == 200
    stops = [task["stop"] is not None for task in page.context["running"]]
    resumes = [task["resume"] is not None for task in page.context["failed"]]
    expected = [] if who == "sten" else [who in ("root", "adam", "olga")]
    assert (stops, resumes) == (expected, expected)
    assert (f"/{failed.pk}/do/start/" in page.content.decode()) == (expected == [True])


def test_a_stop_from_the_front_page_comes_back_to_it(world):
    url = f"/admin/distillation/trainingtask/{world.queued.pk}/do/stop/"
    assert world.client("olga").post(url, {"next": "overview"}).headers["Location"] == "/admin/"
    assert world.client("olga").post(url, {"next": "//evil.example"}).headers["Location"].endswith("/change/")


def test_what_has_ended_lately_is_counted_beside_the_whole(world):
    old, new = timezone.now() - timedelta(days=8), timezone.now() - timedelta(days=1)
    for at in (old, new, new):
        TaskFactory(create_by="olga", status="FAILED", end_time=at)
    counts = {str(item["badge"]): item for item in live(world.client("olga")).context["counts"]}
    failed = next(item for badge, item in counts.items() if "FAILED" in badge)
    assert (failed["count"], failed["lately"]) == ("3", "7 d: +2")
    assert len(live(world.client("olga")).context["failed"]) == 2


def test_the_best_of_each_type_has_its_metric_by_name(world):
    TaskFactory(create_by="olga", status="COMPLETED", student_model="yolov8n", best_accuracy="61.5")
    TaskFactory(create_by="olga", status="COMPLETED", best_accuracy="99")
    TaskFactory(create_by="olga", status="COMPLETED", best_accuracy="99.9", visibility="private")
    TaskFactory(create_by="olga", status="RUNNING", best_accuracy="99.99")
    found = {line["metric"]: line["value"] for line in live(world.client("carl")).context["best"]["types"]}
    assert found == {"mAP50": "61.50 %", "Accuracy": "99.00 %"}


def test_hosts_show_what_their_runs_use_and_why_there_is_nothing(world):
    Worker.objects.all().delete()
    busy, idle = worker(devices='["A10 (24564 MB)"]'), worker("w2", seconds=90)
    for number in range(2):
        task = TaskFactory(status="RUNNING", lease_owner=busy.name)
        for cpu in (40.0, 60.0 + number):
            sample(task, cpu_percent=cpu, memory_mb=1024, host_memory_percent=55, gpu_percent=70, gpu_memory_mb=2048)
    ended = TaskFactory(status="COMPLETED", lease_owner=idle.name)
    sample(ended, cpu_percent=99, memory_mb=1)
    old = TaskFactory(status="RUNNING", lease_owner=idle.name)
    sample(old, cpu_percent=99, memory_mb=1, time=time.time() - 3600)
    first, second = live(world.client("vera")).context["hosts"]
    assert [meter["figure"] for meter in first["meters"]] == ["121 %", "55 %", "70 %"]
    assert "2.15 GB" in first["meters"][1]["note"]
    assert (first["slots"], first["alive"], bool(first["as_of"]), bool(first["meters"][0]["line"])) == (
        "2 of 2", True, True, True,
    )  # fmt: skip
    assert (second["meters"], second["unmeasured"]) == ([], "nothing was measured in the last 5 minutes")
    assert (second["alive"], second["as_of"]) == (False, "")


def test_the_disk_is_counted_and_links_are_not_followed(home, world):
    (home / "runs" / "x").write_bytes(b"x" * 3000)
    (home / "models" / "link").symlink_to(home / "runs" / "x")
    disk_use.count(home)
    use = disk_use.disk_use()
    assert use.whole
    assert use.folders["runs"] >= 3000
    assert use.folders["models"] < 3000
    folders = {folder["name"]: folder["size"] for folder in live(world.client("vera")).context["disk"]["folders"]}
    assert folders["Runs"].endswith("KB")


def test_a_walk_that_takes_too_long_says_that_there_is_more(home, world):
    for number in range(5):
        (home / "runs" / str(number)).mkdir()
    disk_use.count(home, most_seconds=-1)
    sizes = [folder["size"] for folder in live(world.client("vera")).context["disk"]["folders"]]
    assert all(size.startswith("at least") for size in sizes)


@pytest.mark.parametrize("damage", ["", "[]", '{"at": "x", "folders": 5}', '{"at": 1}'])
def test_a_damaged_count_is_no_count(home, world, damage):
    (home / disk_use.FILE).write_text(damage)
    assert live(world.client("vera")).status_code == 200


def test_recent_activity_holds_moves_and_writes_that_one_may_see(world):
    AuditEntry.objects.all().delete()
    hidden = Dataset.objects.create(dataset_id="hidden", create_by="olga", visibility="private")
    for row in (world.dataset, hidden):
        AuditEntry.objects.create(actor="olga", via="console", verb="edit", kind="dataset", object_id=str(row.pk),
                                  object_name=row.dataset_id)  # fmt: skip
    AuditEntry.objects.create(actor="adam", via="console", verb="edit", kind="user", object_id="1", object_name="vera")
    TaskTransition.objects.create(task=world.queued, from_status="PENDING", to_status="QUEUED", actor="olga")
    seen = {who: [line["name"] for line in live(world.client(who)).context["recent"]] for who in EVERYBODY[:7]}
    assert seen["adam"] == [world.queued.task_name, "vera", "hidden", "registered"]
    assert seen["olga"] == [world.queued.task_name, "hidden", "registered"]
    assert seen["carl"] == seen["anna"] == seen["vera"] == [world.queued.task_name, "registered"]
    assert seen["sten"] == []


def test_a_queued_task_says_what_it_waits_for(world):
    Worker.objects.update(seen_at=timezone.now())
    assert "Number 1 in the queue" in live(world.client("olga")).context["queue"][0]["reason"]
    Worker.objects.all().delete()
    assert "No worker is running" in live(world.client("olga")).context["queue"][0]["reason"]


@pytest.mark.parametrize("who", ["adam", "carl"])
def test_it_asks_the_database_twelve_times_at_most_however_much_there_is(world, who):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert live(world.client(who)).status_code == 200
        return len(captured)

    cost()
    first = cost()
    for status in ("RUNNING", "QUEUED", "FAILED", "COMPLETED"):
        TrainingTask.objects.bulk_create(
            [TaskFactory.build(status=status, create_by="olga", end_time=timezone.now()) for _ in range(250)]
        )
    for number in range(20):
        worker(f"many{number}")
    tasks = list(TrainingTask.objects.filter(status="RUNNING")[:20])
    for task in tasks:
        sample(task, cpu_percent=1, memory_mb=1)
        TaskTransition.objects.create(task=task, from_status="QUEUED", to_status="RUNNING", actor="w")
    assert first <= 12
    assert cost() <= first
