"""Health, the schema and its pages, the front door: open to everybody and without a network."""

from __future__ import annotations

import datetime
import re

import pytest
from django.db import OperationalError
from django.utils import timezone

from distillation import selectors
from distillation.models import Worker


def worker(seconds):
    seen = timezone.now() - datetime.timedelta(seconds=seconds)
    return Worker.objects.create(name="w", host="h", pid=1, slots=1, started_at=seen, seen_at=seen)


def test_health_says_that_no_worker_was_ever_seen(anonymous):
    answer = anonymous.get("/health/")
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", "database": True, "worker": False, "workerLastSeen": None}


@pytest.mark.parametrize(("seconds", "status"), [(1, "ok"), (3600, "degraded")])
def test_health_says_when_the_worker_was_last_seen(anonymous, seconds, status):
    seen = worker(seconds).seen_at
    data = anonymous.get("/health/").json()
    assert (data["status"], data["worker"]) == (status, status == "ok")
    assert data["workerLastSeen"] == timezone.localtime(seen).strftime("%Y-%m-%d %H:%M:%S")


def test_health_is_503_without_a_database(anonymous, monkeypatch):
    def unreachable():
        raise OperationalError("no route")

    monkeypatch.setattr(selectors, "newest_worker", unreachable)
    answer = anonymous.get("/health/")
    assert answer.status_code == 503
    assert answer.json()["database"] is False


def test_the_front_door_leads_to_the_admin(anonymous):
    answer = anonymous.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


@pytest.mark.parametrize("path", ["/swagger-ui/", "/redoc/"])
def test_the_documentation_loads_nothing_from_elsewhere(anonymous, path):
    answer = anonymous.get(path)
    assert answer.status_code == 200
    page = answer.content.decode()
    files = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert any(file.startswith("/static/") for file in files)
    assert [file for file in files if "//" in file] == []
    assert "img-src 'self'" in answer["Content-Security-Policy"]
    for file in files:
        if file.startswith("/static/"):
            assert anonymous.get(file).status_code == 200, file


def test_the_schema_is_open(anonymous):
    answer = anonymous.get("/api/schema/?format=json")
    assert answer.status_code == 200
    assert "/model-distillation/tasks" in answer.json()["paths"]
