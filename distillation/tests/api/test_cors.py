"""A front end on another host: only the configured origins, with the headers and methods that it needs."""

from __future__ import annotations

import pytest

from distillation.tests.api.conftest import ROOT

FRONT_END = "https://front.example.com"


def preflight(client, path, origin=FRONT_END, method="PATCH"):
    return client.options(
        path,
        headers={
            "origin": origin,
            "access-control-request-method": method,
            "access-control-request-headers": "authorization,content-type,x-request-id",
        },
    )


@pytest.mark.parametrize("path", [f"{ROOT}/tasks", f"{ROOT}/lora-presets/标准配置", "/auth/login"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_preflight_of_a_configured_origin_passes_without_login(anonymous, settings, path, method):
    settings.CORS_ALLOWED_ORIGINS = [FRONT_END]
    answer = preflight(anonymous, path, method=method)
    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == FRONT_END
    allowed = {name.strip() for name in answer["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "x-request-id"} <= allowed
    assert method in answer["Access-Control-Allow-Methods"]


def test_answers_and_errors_carry_the_origin_and_show_our_headers(anonymous, settings):
    settings.CORS_ALLOWED_ORIGINS = [FRONT_END]
    answer = anonymous.get(f"{ROOT}/tasks", headers={"origin": FRONT_END})
    assert answer.status_code == 401
    assert answer["Access-Control-Allow-Origin"] == FRONT_END
    assert "x-total-count" in answer["Access-Control-Expose-Headers"]


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", f"{FRONT_END}.evil.com"])
def test_other_origins_get_nothing(anonymous, settings, origin):
    settings.CORS_ALLOWED_ORIGINS = [FRONT_END]
    assert "Access-Control-Allow-Origin" not in preflight(anonymous, f"{ROOT}/tasks", origin)


def test_the_console_is_never_shared(client, settings):
    settings.CORS_ALLOWED_ORIGINS = [FRONT_END]
    assert "Access-Control-Allow-Origin" not in client.get("/admin/login/", headers={"origin": FRONT_END})
