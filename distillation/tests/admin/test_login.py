"""The door of the console: who gets in, and what those are told who do not."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from distillation.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
LOGIN = "/admin/login/"
RIGHT = "right-password-9"


@pytest.fixture
def vera(db):
    user = UserFactory(username="vera", is_superuser=False, is_staff=False)
    user.set_password(RIGHT)
    user.save()
    user.groups.add(Group.objects.get(name="R_VIEWER"))
    return user


def log_in(client: Client, password: str = RIGHT):
    data = {"username": "vera", "password": password}
    return client.post(LOGIN, data, HTTP_ACCEPT_LANGUAGE="en")


def test_a_role_opens_the_console(client, vera):
    assert log_in(client).url == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_without_a_role_it_stays_shut_and_says_why(client, vera):
    vera.groups.clear()
    page = log_in(client).content.decode()
    assert "The account vera has no role yet" in page
    assert client.get("/admin/").status_code == 302


def test_who_guesses_a_password_learns_nothing_about_roles(client, vera):
    vera.groups.clear()
    assert "no role" not in log_in(client, "wrong").content.decode()


def test_a_closed_account_is_like_a_wrong_password(client, vera):
    vera.is_active = False
    vera.save()
    page = log_in(client).content.decode()
    assert "no role" not in page
    assert client.get("/admin/").status_code == 302


def test_a_role_that_is_taken_away_shuts_the_open_console_and_says_so(client, vera):
    log_in(client)
    vera.groups.clear()
    page = client.get("/admin/", follow=True, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "The account vera has no role any more" in page


def test_public_reading_opens_no_page_of_the_console(client, settings):
    settings.DISTILLATION_PUBLIC_READ = True
    assert client.get("/admin/").status_code == 302


def test_too_much_guessing_locks_and_says_for_how_long_in_the_look_of_the_console(client, vera, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = log_in(client, "wrong")
    assert answer.status_code == 429
    page = answer.content.decode()
    assert "locked for 15 minutes" in page
    assert "distillation/console.css" in page
    assert log_in(client).status_code == 429  # the right password does not help either


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "x" * 5000, "\x00", "空"])
def test_hostile_names_at_the_door_do_no_harm(client, name):
    response = client.post(LOGIN, {"username": name, "password": name})
    assert response.status_code in (200, 429)
    assert "<script>alert(1)" not in response.content.decode()
