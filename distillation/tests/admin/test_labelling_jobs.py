"""Labelling jobs in the console: their progress, their failures, and stopping one."""

from __future__ import annotations

import json

import pytest

from distillation.contract.sentence import Sentence
from distillation.models import AuditEntry, InferenceJob
from distillation.tests.admin.people import World, address, make_world

pytestmark = pytest.mark.django_db

LIST = "distillation_inferencejob_changelist"


@pytest.fixture
def world(home) -> World:
    return make_world(home)


def stop(world: World, who: str):
    data = {"action": "stop_jobs", "_selected_action": [world.job.pk]}
    page = world.client(who).post(address(LIST), data, follow=True, headers={"accept-language": "en"})
    world.job.refresh_from_db()
    return page.content.decode()


def test_the_list_shows_how_far_a_job_is(world):
    InferenceJob.objects.update(status="RUNNING", total_images=1000, processed_images=250, failure_count=3)
    page = world.client("vera").get(address(LIST)).content.decode()
    assert 'max="1000" value="250"' in page
    assert "250 / 1,000" in page
    assert world.job.inference_id in page


def test_the_page_names_failures_and_escapes_them(world):
    why = Sentence("{x}", {"x": "torn"}).as_json()
    InferenceJob.objects.update(failures=json.dumps([["<b>短.jpg", why]]), failure_count=1)
    page = world.client("vera").get(address("labelling", world.job.inference_id)).content.decode()
    assert "&lt;b&gt;短.jpg" in page
    assert "torn" in page


def test_the_owner_stops_a_job_and_it_is_noted(world):
    stop(world, "olga")
    assert world.job.status == "STOPPED"
    entry = AuditEntry.objects.get(kind="inferencejob")
    assert (entry.actor, entry.verb, entry.object_id) == ("olga", "stop", world.job.inference_id)
    assert "only a job that waits or runs" in stop(world, "olga")


@pytest.mark.parametrize("who", ["carl", "sten", "anna", "vera", "none"])
def test_others_do_not_stop_it(world, who):
    stop(world, who)
    assert world.job.status == "QUEUED"


def test_a_deleted_job_is_not_shown(world):
    InferenceJob.objects.update(del_flag=1)
    assert world.job.inference_id not in world.client("root").get(address(LIST)).content.decode()
