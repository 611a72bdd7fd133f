"""Tokens that another system issued: the shared secret decides, the claims say who it is."""

from __future__ import annotations

import time

import jwt
import pytest
from django.contrib.auth.models import User

from distillation.tests.api.conftest import ROOT, bearer, person
from distillation_site.env import ForeignTokens

SECRET = "a secret that both systems share, long enough"


@pytest.fixture
def rules(settings, db):
    settings.FOREIGN_TOKENS = ForeignTokens(SECRET, ("HS256",), "userName", "roles", "sso", "")
    return settings.FOREIGN_TOKENS


def token(secret=SECRET, algorithm="HS256", **claims):
    claims = {"userName": "王五", "roles": ["R_ENGINEER"], "iss": "sso", "exp": time.time() + 60} | claims
    return jwt.encode({key: value for key, value in claims.items() if value is not None}, secret, algorithm)


def info(raw):
    return bearer(raw).get("/auth/getUserInfo")


def test_somebody_whom_the_other_system_logged_in_is_known_here(rules):
    assert info(token()).json()["data"]["roles"] == ["R_ENGINEER"]
    user = User.objects.get(username="王五")
    assert not user.has_usable_password()
    assert info(token()).status_code == 200
    assert User.objects.count() == 1


def test_roles_follow_the_claim_and_teams_stay(rules):
    user = person("王五", "R_VIEWER", "红队")
    assert info(token(roles="R_ANNOTATOR, R_ENGINEER")).json()["data"]["roles"] == ["R_ANNOTATOR", "R_ENGINEER"]
    assert set(user.groups.values_list("name", flat=True)) == {"R_ANNOTATOR", "R_ENGINEER", "红队"}
    assert info(token(roles=[])).json()["data"]["roles"] == []


def test_without_a_claim_for_roles_those_of_the_account_count(rules, settings):
    settings.FOREIGN_TOKENS = ForeignTokens(SECRET, ("HS256",), "userName", "", "", "")
    person("王五", "R_VIEWER")
    assert info(token()).json()["data"]["roles"] == ["R_VIEWER"]


def test_nobody_outside_acts_as_a_superuser(rules):
    root = person("王五")
    root.is_superuser = True
    root.save()
    assert info(token(roles=["R_SUPER", "R_ENGINEER"])).json()["data"]["roles"] == ["R_ENGINEER"]
    root.refresh_from_db()
    assert root.is_superuser


@pytest.mark.parametrize(
    "raw",
    [
        token(secret="another secret that is long enough, but wrong"),
        token(iss="somebody else"),
        token(exp=None),
        token(userName=None),
        token(userName=""),
        token(userName=["a"]),
        token(userName="x" * 65),
        token(userName="a\nb"),
        jwt.encode({"userName": "王五", "exp": time.time() + 60, "iss": "sso"}, None, "none"),
        token(algorithm="HS512", secret=SECRET * 2),
    ],
)
def test_anything_else_is_401(rules, raw):
    assert info(raw).status_code == 401
    assert not User.objects.exists()


def test_an_expired_one_is_to_be_refreshed(rules, settings):
    settings.DISTILLATION_ERROR_STYLE = "legacy"
    assert info(token(exp=time.time() - 1)).json()["code"] == "9999"


def test_a_closed_account_stays_closed(rules):
    person("王五", is_active=False)
    assert info(token()).status_code == 401


def test_it_is_off_unless_configured(db, settings):
    settings.FOREIGN_TOKENS = None
    assert bearer(token()).get(f"{ROOT}/tasks").status_code == 401


@pytest.mark.parametrize("roles", [7, True, {"R_ENGINEER": 1}, [1], ["R_ENGINEER", {}], 0.5])
def test_a_claim_that_holds_no_roles_is_401_and_takes_none_away(rules, roles):
    user = person("王五", "R_ENGINEER")
    answer = info(token(roles=roles))
    assert answer.status_code == 401
    assert "claim roles must hold roles" in answer.json()["message"]
    assert list(user.groups.values_list("name", flat=True)) == ["R_ENGINEER"]
