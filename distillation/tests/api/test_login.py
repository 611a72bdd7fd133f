"""Logging in, renewing, logging out; guessing is stopped."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from distillation.tests.api.conftest import PASSWORD, ROOT, bearer, person


@pytest.fixture
def lin(db):
    return person("林工", "R_ENGINEER", "红队", first_name="小林")


def log_in(client, name="林工", password=PASSWORD):
    return client.post("/auth/login", {"userName": name, "password": password}, format="json")


def renew(client, token):
    return client.post("/auth/refreshToken", {"refreshToken": token}, format="json")


def test_a_session_token_opens_the_api(anonymous, lin):
    answer = log_in(anonymous).json()
    assert answer["code"] == 200
    assert set(answer["data"]) == {"token", "refreshToken"}
    assert bearer(answer["data"]["token"]).get(f"{ROOT}/tasks").json() == {"code": 200, "message": "OK", "data": []}


def test_user_info_names_roles_teams_and_buttons(anonymous, lin):
    token = log_in(anonymous).json()["data"]["token"]
    info = bearer(token).get("/auth/getUserInfo").json()["data"]
    assert (info["userId"], info["userName"], info["nickName"]) == (str(lin.pk), "林工", "小林")
    assert (info["roles"], info["teams"]) == (["R_ENGINEER"], ["红队"])
    assert "task:create" in info["buttons"]
    assert "user:manage" not in info["buttons"]


def test_a_superuser_is_told_so(anonymous, db):
    root = person("root")
    root.is_superuser = True
    root.save()
    token = log_in(anonymous, "root").json()["data"]["token"]
    assert bearer(token).get("/auth/getUserInfo").json()["data"]["roles"] == ["R_SUPER"]


def test_a_form_works_too(anonymous, lin):
    assert anonymous.post("/auth/login", {"userName": "林工", "password": PASSWORD}).status_code in (200, 415)


@pytest.mark.parametrize(("name", "password"), [("林工", "wrong"), ("nobody", PASSWORD)])
def test_a_wrong_password_is_401_and_says_no_more(anonymous, lin, name, password):
    answer = log_in(anonymous, name, password)
    assert answer.status_code == 401
    assert answer.json()["message"] == "The user name or the password is wrong, or the account is closed."


def test_a_closed_account_cannot_log_in_nor_go_on(anonymous, lin):
    token = log_in(anonymous).json()["data"]["token"]
    lin.is_active = False
    lin.save()
    assert log_in(anonymous).status_code == 401
    assert bearer(token).get(f"{ROOT}/tasks").status_code == 401


@pytest.mark.parametrize(
    "sent", [{}, {"userName": "林工"}, {"userName": ["a"], "password": 1}, {"userName": "", "password": ""}]
)
def test_what_is_missing_is_named(anonymous, db, sent):
    answer = anonymous.post("/auth/login", sent, format="json")
    assert answer.status_code == 400
    assert next(iter(answer.json()["data"])) in ("userName", "password")


def test_a_refresh_token_is_good_for_one_renewal(anonymous, lin):
    first = log_in(anonymous).json()["data"]["refreshToken"]
    renewed = renew(anonymous, first).json()["data"]
    assert bearer(renewed["token"]).get("/auth/getUserInfo").status_code == 200
    again = renew(anonymous, first)
    assert again.status_code == 401
    assert renew(anonymous, renewed["refreshToken"]).status_code == 200


def test_after_logout_nothing_can_be_renewed(anonymous, lin):
    refresh = log_in(anonymous).json()["data"]["refreshToken"]
    assert anonymous.post("/auth/logout", {"refreshToken": refresh}, format="json").status_code == 200
    assert anonymous.post("/auth/logout", {"refreshToken": refresh}, format="json").status_code == 200
    assert renew(anonymous, refresh).status_code == 401


def test_a_session_token_renews_nothing_and_a_refresh_token_opens_nothing(anonymous, lin):
    data = log_in(anonymous).json()["data"]
    assert renew(anonymous, data["token"]).status_code == 401
    assert bearer(data["refreshToken"]).get(f"{ROOT}/tasks").status_code == 401


def test_a_changed_password_ends_every_session(anonymous, lin):
    data = log_in(anonymous).json()["data"]
    lin.set_password("ein anderes 7?")
    lin.save()
    assert bearer(data["token"]).get(f"{ROOT}/tasks").status_code == 401
    assert renew(anonymous, data["refreshToken"]).status_code == 401


def expired(user) -> str:
    token = RefreshToken.for_user(user).access_token
    token.set_exp(lifetime=-timedelta(seconds=1))
    return str(token)


def test_an_expired_token_is_401_with_its_own_sentence(lin):
    answer = bearer(expired(lin)).get(f"{ROOT}/tasks")
    assert answer.status_code == 401
    assert "expired" in answer.json()["message"]


def test_legacy_clients_get_their_session_codes(anonymous, lin, settings):
    settings.DISTILLATION_ERROR_STYLE = "legacy"
    assert bearer(expired(lin)).get(f"{ROOT}/tasks").json()["code"] == "9999"
    assert bearer("a.b.c").get(f"{ROOT}/tasks").json()["code"] == "8888"
    assert anonymous.get(f"{ROOT}/tasks").json()["code"] == "8888"
    over = renew(anonymous, "a.b.c").json()
    assert (over["code"], over["data"]) == ("8888", over["message"])
    wrong = log_in(anonymous, "林工", "wrong")
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["data"]) == (200, 500, wrong.json()["message"])


@pytest.mark.parametrize("token", ["", "a b", "a.b.c", "é.b.c", "x" * 5000, "prefix.secret", "\x00.a.b"])
def test_no_token_breaks_the_server(db, token):
    assert bearer(token).get(f"{ROOT}/tasks").status_code == 401


def test_a_token_signed_by_another_key_is_worth_nothing(lin, settings):
    token = AccessToken.for_user(lin)
    forged = (
        token.get_token_backend().__class__("HS256", "another key that is long enough for it").encode(token.payload)
    )
    assert bearer(forged).get(f"{ROOT}/tasks").status_code == 401


def test_guessing_locks_the_name_for_that_address(anonymous, lin, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        last = log_in(anonymous, "林工", "wrong")
    assert last.status_code == 429
    locked = log_in(anonymous)
    assert locked.status_code == 429
    assert locked.json()["code"] == 429
    assert "locked for 15 minutes" in locked.json()["message"]
    assert int(locked["Retry-After"]) == 900
    elsewhere = anonymous.post(
        "/auth/login", {"userName": "林工", "password": PASSWORD}, format="json", REMOTE_ADDR="10.0.0.9"
    )
    assert elsewhere.status_code == 200


def test_the_lock_also_holds_for_basic_authentication_and_the_console(anonymous, lin, settings, client):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        log_in(anonymous, "林工", "wrong")
    import base64

    basic = "Basic " + base64.b64encode(f"林工:{PASSWORD}".encode()).decode()
    by_basic = anonymous.get(f"{ROOT}/tasks", headers={"authorization": basic})
    assert (by_basic.status_code, by_basic["Retry-After"]) == (429, "900")
    assert by_basic.json() == log_in(anonymous).json()
    page = client.post("/admin/login/", {"username": "林工", "password": PASSWORD})
    assert page.status_code == 429
    assert "Retry-After" in page


def test_a_success_forgets_earlier_failures(anonymous, lin, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        log_in(anonymous, "林工", "wrong")
    assert log_in(anonymous).status_code == 200
    assert log_in(anonymous, "林工", "wrong").status_code == 401
