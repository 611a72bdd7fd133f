"""Nobody gets 401 on every route; what is open is named here."""

from __future__ import annotations

import base64

import pytest
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver

from distillation.api import urls
from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import TaskFactory, UserFactory

OPEN = {"health/", "api/schema/", "swagger-ui/", "redoc/", "", "admin/", "i18n/setlang/", "model-distillation", "auth/"}
"""Routes outside the API: open by intention, or guarded by the admin itself."""

NOTHING = "nothing"


def routes() -> list[tuple[str, str]]:
    """Every (method, path) of the API, found by walking its routes."""
    found = []
    for pattern in urls.urlpatterns:
        assert isinstance(pattern, URLPattern)
        if pattern.name == NOTHING:
            continue
        path = reverse(f"api:{pattern.name}", kwargs=dict.fromkeys(pattern.pattern.converters, "COMPLETED"))
        found += [(method, path) for method in vars(pattern.callback)["actions"]]
    return found


ROUTES = routes()
PUBLIC = [
    (method, path)
    for method, path in ROUTES
    if method == "get"
    and path.startswith((f"{ROOT}/tasks", f"{ROOT}/completed-models"))
    and not path.endswith(("/model", "/stream"))
    and "/artifacts" not in path
    and "/logs" not in path
]


def test_the_walk_finds_the_routes():
    assert len(ROUTES) >= 30
    assert ("put", f"{ROOT}/tasks/COMPLETED/progress") in ROUTES


def test_every_root_route_is_the_api_or_named_here():
    patterns = {str(entry.pattern) for entry in get_resolver().url_patterns}
    api = [entry for entry in get_resolver().url_patterns if isinstance(entry, URLResolver)]
    assert "model-distillation/" in {str(entry.pattern) for entry in api}
    assert patterns - OPEN == {"model-distillation/"}


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_it_sends_nobody_away_with_401_in_the_envelope(anonymous, method, path):
    answer = anonymous.generic(method.upper(), path, "{}", content_type="application/json")
    assert answer.status_code == 401
    assert answer.json() == {"code": 401, "message": "Log in first.", "data": None}
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_public_read_opens_reads_of_tasks_and_completed_models_only(anonymous, settings, method, path):
    settings.DISTILLATION_PUBLIC_READ = True
    TaskFactory(task_id="COMPLETED")
    answer = anonymous.generic(method.upper(), path, "{}", content_type="application/json")
    assert answer.status_code == (200 if (method, path) in PUBLIC else 401)


def test_public_read_is_read_at_request_time_and_closed_by_default(anonymous, settings):
    assert anonymous.get(f"{ROOT}/tasks").status_code == 401
    settings.DISTILLATION_PUBLIC_READ = True
    assert anonymous.get(f"{ROOT}/tasks").status_code == 200


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def test_basic_authentication_opens_the_api(anonymous):
    user = UserFactory(username="脚本", is_superuser=False)
    user.set_password("一个长口令 9!")
    user.save()
    answer = anonymous.get(f"{ROOT}/tasks", headers={"authorization": basic("脚本", "一个长口令 9!")})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "header", [basic("alice", "wrong"), "Basic", "Basic %%%", "Basic a b c", "Basic //79/A==", "Bearer x"]
)
def test_wrong_credentials_are_401(anonymous, header):
    answer = anonymous.get(f"{ROOT}/tasks", headers={"authorization": header})
    assert answer.status_code == 401
    assert answer.json()["code"] == 401


def test_a_session_needs_the_csrf_token_to_write(alice):
    from rest_framework.test import APIClient

    client = APIClient(enforce_csrf_checks=True)
    client.force_login(alice)
    answer = client.post(f"{ROOT}/lora-presets", {"presetName": "x"}, format="json")
    assert answer.status_code == 403
    assert answer.json()["code"] == 403
