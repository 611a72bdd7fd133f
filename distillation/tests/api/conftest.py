"""Clients that go through the whole stack: middleware, session, permission, view, renderer."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from distillation.models import TrainingTask
from distillation.tests.factories import TaskFactory, UserFactory

ROOT = "/model-distillation"


@pytest.fixture
def alice(db: None) -> User:
    return UserFactory(username="alice", is_superuser=False, is_staff=False)


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
