"""A person at the console."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from distillation.models import TrainingTask
from distillation.tests.factories import UserFactory

LIST = "/admin/distillation/trainingtask/"


@pytest.fixture
def alice(db):
    """An administrator."""
    return UserFactory(username="alice")


@pytest.fixture
def console(alice) -> Client:
    """Alice's browser; a crash of a view is an answer, not an exception of the test."""
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def staff(db):
    """A browser of somebody of the staff who is in the given groups only: roles and teams."""

    def browser(*groups: str) -> Client:
        user = UserFactory(is_superuser=False)
        user.groups.set([Group.objects.get_or_create(name=name)[0] for name in groups])
        client = Client()
        client.force_login(user)
        return client

    return browser


@pytest.fixture
def teacher(home: Path) -> str:
    """A model directory that can be named as a teacher."""
    folder = home / "models" / "big-teacher"
    folder.mkdir()
    (folder / "config.json").write_text('{"id2label": {"0": "0", "1": "1"}}')
    (folder / "preprocessor_config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return "big-teacher"


def page_of(task: TrainingTask) -> str:
    return reverse("admin:distillation_trainingtask_change", args=[task.pk])


def verb_of(task: TrainingTask, verb: str) -> str:
    return reverse("admin:distillation_trainingtask_do", args=[task.pk, verb])


def said(response) -> str:
    """The messages of the page that followed."""
    return " ".join(str(message) for message in response.context["messages"])
