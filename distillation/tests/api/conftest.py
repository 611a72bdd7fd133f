"""Clients that go through the whole stack: middleware, session, permission, view, renderer."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from rest_framework.test import APIClient

from distillation.models import TrainingTask
from distillation.tests.factories import TaskFactory, UserFactory

ROOT = "/model-distillation"


@pytest.fixture
def alice(db: None) -> User:
    user = UserFactory(username="alice", is_superuser=False, is_staff=False)
    user.groups.add(Group.objects.get(name="R_ENGINEER"))
    return user


@pytest.fixture
def anonymous(db: None) -> APIClient:
    return APIClient(headers={"accept-language": "en"})


@pytest.fixture
def api(alice: User) -> APIClient:
    """Alice's client, logged in by session; it asks for English."""
    client = APIClient(headers={"accept-language": "en"})
    client.force_login(alice)
    return client


@pytest.fixture
def request_body(digits: Any) -> dict[str, Any]:
    """The smallest create request that is accepted."""
    return {"taskName": "数字", "trainingMode": "direct", "studentModel": "cnn-tiny", "datasetId": "digits"}


@pytest.fixture
def script_task(db: None) -> TrainingTask:
    """A running task of a script elsewhere."""
    return TaskFactory(executor="external", status="RUNNING", total_epochs=10, start_time="2026-01-31T04:00:00Z")


PASSWORD = "一个长口令 9!"


def person(name: str, *groups: str, **fields: Any) -> User:
    """An account that can log in, in the groups of these names."""
    user = UserFactory(username=name, is_superuser=False, is_staff=False, **fields)
    user.set_password(PASSWORD)
    user.save()
    user.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    return user


def client_of(user: User) -> APIClient:
    """A client of that person with a session, as a browser has it."""
    client = APIClient(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def bearer(token: str) -> APIClient:
    """A client that sends the token."""
    return APIClient(headers={"accept-language": "en", "authorization": f"Bearer {token}"})
