"""Requests that arrive at the same moment, at a real server with a real database: one is told that it came second."""

from __future__ import annotations

import json
import threading
import unicodedata
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from distillation.tests.api.conftest import ROOT
from distillation.tests.schemathesis.server import Server, prepare

pytestmark = pytest.mark.slow
AT_ONCE = 8
ROUNDS = 5


@pytest.fixture
def sqlite() -> str:
    return ""


@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("mysql_database", marks=pytest.mark.mysql)]
)  # fmt: skip
def test_of_equal_preset_names_one_is_created_and_the_others_are_refused(request, tmp_path, database):
    url = request.getfixturevalue(database)
    tokens = prepare(tmp_path / "prepared", url)
    with Server(tmp_path / "prepared", tmp_path / "serving", DATABASE_URL=url) as address:
        for turn in range(ROUNDS):
            name = f"同时 Ä🚀 {turn}"
            answers = _together(address, tokens["engineer"], [_spelled(name, index) for index in range(AT_ONCE)])
            assert sorted(status for status, _ in answers) == [200] + [409] * (AT_ONCE - 1)
            for status, answer in answers:
                assert answer["code"] == status
                assert status == 200 or "already exists" in answer["message"]
            listed = _call(f"{address}{ROOT}/lora-presets", tokens["engineer"])[1]["data"]
            assert sum(str(turn) in preset["presetName"] for preset in listed if "同时" in preset["presetName"]) == 1
            _call(f"{address}{ROOT}/lora-presets/{quote(name)}", tokens["engineer"], method="DELETE")
    _no_crash(tmp_path / "serving" / "server.log")


def _spelled(name: str, index: int) -> str:
    """The same name for people, written in different ways."""
    return [name, name.lower(), f" {name} ", unicodedata.normalize("NFD", name)][index % 4]


def _together(address: str, token: str, names: list[str]) -> list[tuple[int, Any]]:
    gate = threading.Barrier(len(names))
    answers: list[tuple[int, Any]] = []

    def create(name: str) -> None:
        gate.wait()
        answers.append(_call(f"{address}{ROOT}/lora-presets", token, {"presetName": name}, method="POST"))

    threads = [threading.Thread(target=create, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _call(url: str, token: str, body: Any = None, method: str = "GET") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Accept-Language": "en"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def _no_crash(log: Path) -> None:
    assert "Traceback" not in log.read_text()
