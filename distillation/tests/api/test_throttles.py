"""Limits of requests: by account, by address, for writes, for logins; the answer says when to come back."""

from __future__ import annotations

import base64

import pytest

from distillation.tests.api.conftest import PASSWORD, ROOT, person


def limits(settings, **rules):
    settings.THROTTLES = dict.fromkeys(settings.THROTTLES) | rules


def test_a_user_is_told_when_to_come_back(api, settings):
    limits(settings, user=(2, 3600))
    assert [api.get(f"{ROOT}/tasks").status_code for _ in range(3)] == [200, 200, 429]
    answer = api.get(f"{ROOT}/tasks")
    assert 0 < int(answer["Retry-After"]) <= 3600
    assert answer.json()["code"] == 429
    assert "try again in" in answer.json()["message"]


def test_writes_have_a_limit_of_their_own(api, settings):
    limits(settings, write=(1, 3600))
    assert api.post(f"{ROOT}/lora-presets", {"presetName": "甲"}, format="json").status_code == 200
    assert api.post(f"{ROOT}/lora-presets", {"presetName": "乙"}, format="json").status_code == 429
    assert api.get(f"{ROOT}/lora-presets").status_code == 200


def test_nobody_is_counted_by_address(anonymous, settings, db):
    settings.DISTILLATION_PUBLIC_READ = True
    limits(settings, anonymous=(1, 3600))
    assert anonymous.get(f"{ROOT}/tasks").status_code == 200
    assert anonymous.get(f"{ROOT}/tasks").status_code == 429
    assert anonymous.get(f"{ROOT}/tasks", REMOTE_ADDR="10.0.0.9").status_code == 200
    assert anonymous.get(f"{ROOT}/tasks", headers={"x-forwarded-for": "1.2.3.4"}).status_code == 429


def test_logins_are_counted_whatever_the_name(anonymous, settings, db):
    limits(settings, login=(2, 3600))
    codes = [
        anonymous.post("/auth/login", {"userName": f"u{n}", "password": "x"}, format="json").status_code
        for n in range(3)
    ]
    assert codes == [401, 401, 429]


def test_off_means_no_limit(api, settings):
    limits(settings)
    assert {api.get(f"{ROOT}/tasks").status_code for _ in range(20)} == {200}


def test_legacy_style_keeps_the_status_200(api, settings):
    settings.DISTILLATION_ERROR_STYLE = "legacy"
    limits(settings, user=(1, 3600))
    api.get(f"{ROOT}/tasks")
    answer = api.get(f"{ROOT}/tasks")
    assert (answer.status_code, answer.json()["code"]) == (200, 500)
    assert "Retry-After" in answer


@pytest.mark.parametrize("path", ["/tasks", "/tasks/T/stream", "/lora-presets"])
@pytest.mark.parametrize("token", [None, "Bearer wrong", "Bearer a.b.c", "Basic YTpi"])
def test_what_is_refused_is_counted_by_address(anonymous, settings, db, path, token):
    limits(settings, anonymous=(2, 3600))
    headers = {} if token is None else {"authorization": token}
    answers = [anonymous.get(f"{ROOT}{path}", headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert 0 < int(answers[2]["Retry-After"]) <= 3600
    assert anonymous.get(f"{ROOT}{path}", headers=headers, REMOTE_ADDR="10.0.0.9").status_code == 401


def test_whoever_has_logged_in_is_not_counted_with_the_guesses_from_the_same_address(anonymous, api, settings):
    limits(settings, anonymous=(1, 3600), user=(1, 3600))
    assert [anonymous.get(f"{ROOT}/tasks").status_code for _ in range(2)] == [401, 429]
    assert [api.get(f"{ROOT}/tasks").status_code for _ in range(2)] == [200, 429]


def basic(password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"林工:{password}".encode()).decode()}


def test_wrong_passwords_by_basic_are_counted_with_the_logins_and_right_ones_are_not(anonymous, settings, db):
    person("林工", "R_ENGINEER")
    limits(settings, login=(2, 3600))
    url = f"{ROOT}/tasks"
    assert {anonymous.get(url, headers=basic(PASSWORD)).status_code for _ in range(5)} == {200}
    assert [anonymous.get(url, headers=basic("wrong")).status_code for _ in range(2)] == [401, 401]
    over = anonymous.get(url, headers=basic(PASSWORD))
    assert over.status_code == 429
    assert 0 < int(over["Retry-After"]) <= 3600
    assert anonymous.post("/auth/login", {"userName": "u", "password": "x"}, format="json").status_code == 429
    assert anonymous.get(url, headers=basic(PASSWORD), REMOTE_ADDR="10.0.0.9").status_code == 200
