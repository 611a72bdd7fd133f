"""Every page names what browsers may load; answers that are no pages do not."""

from __future__ import annotations

import pytest

from distillation_site.content_policy import HEADER


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin/login/", "/admin/nowhere/", "/swagger-ui/", "/redoc/"])
def test_a_page_loads_nothing_from_elsewhere(client, path):
    policy = client.get(path, follow=True)[HEADER]
    assert "default-src 'self'" in policy
    assert "object-src 'none'" in policy
    assert "http" not in policy


@pytest.mark.django_db
def test_no_script_may_stand_in_a_page_of_the_console(client):
    policy = dict(part.split(" ", 1) for part in client.get("/admin/login/")[HEADER].split("; "))
    assert policy["script-src"] == "'self' 'unsafe-eval'"


def test_answers_that_are_no_pages_have_none(client):
    assert HEADER not in client.get("/static/distillation/console.css")
