"""Large answers of the API shrink for clients that ask; nothing else is touched."""

from __future__ import annotations

import gzip
import json

import pytest

from distillation.tests.api.conftest import ROOT, client_of, person
from distillation.tests.factories import TaskFactory


@pytest.fixture
def client(db):
    for _ in range(10):
        TaskFactory(description="很长的说明 " * 20)
    return client_of(person("alice", "R_ENGINEER"))


def test_a_large_answer_is_compressed_and_the_same(client):
    plain = client.get(f"{ROOT}/tasks")
    small = client.get(f"{ROOT}/tasks", headers={"accept-encoding": "br, gzip;q=0.8"})
    assert small["Content-Encoding"] == "gzip"
    assert int(small["Content-Length"]) == len(small.content) < len(plain.content) / 3
    assert json.loads(gzip.decompress(small.content)) == plain.json()
    assert "Accept-Encoding" in plain["Vary"]
    assert "Content-Encoding" not in plain


@pytest.mark.parametrize("accepted", ["", "identity", "br", "gzip;q=0", "gzip; q=0.0, br"])
def test_only_who_asks_gets_it(client, accepted):
    assert "Content-Encoding" not in client.get(f"{ROOT}/tasks", headers={"accept-encoding": accepted})


def test_small_answers_and_the_console_stay_as_they_are(client):
    gzipped = {"accept-encoding": "gzip"}
    assert "Content-Encoding" not in client.get(f"{ROOT}/datasets", headers=gzipped)
    assert "Content-Encoding" not in client.get("/admin/", headers=gzipped)
