"""``manage.py cache`` says what the cache holds and for whom, and does with an entry what it is told."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from distillation.storage.local import run_dir
from distillation.tests.cached import cached
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def entries(home) -> None:
    cached(home, "teacher", "abc1", age=3000)
    cached(home, "pictures", "abd2", age=2000)
    cached(home, "teacher", "e3", age=1000)
    task = TaskFactory(task_id="TASK_9", status="PAUSED")
    run = run_dir(task.task_id)
    run.root.mkdir()
    run.cache.write_text(json.dumps([{"kind": "teacher", "key": "e3", "made": True, "bytes": 1}]))


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("cache", *arguments, stdout=out)
    return out.getvalue()


def test_the_list_names_kind_key_purpose_bytes_use_and_holders(settings):
    run("pin", "abc")
    lines = run("list").splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["teacher", "abc1"], ["pictures", "abd2"], ["teacher", "e3"]]
    assert lines[0].endswith("[pinned]")
    assert "data shapes" in lines[0]
    assert lines[2].endswith("[TASK_9]")
    assert lines[3].startswith("3 entries, ")
    assert f"the limit is {settings.DISTILLATION_CACHE_BYTES} bytes" in lines[3]


def test_free_takes_what_nobody_holds_and_dry_run_only_says_so():
    assert "2 entries" in run("free", "--dry-run")
    assert "1 entries" in run("free", "--dry-run", "--bytes", "1")
    run("pin", "abd2")
    assert "teacher abc1" in run("free", "--bytes", "100000")
    assert "The others are pinned or in use" in run("free", "--bytes", "100000")
    run("unpin", "abd2")
    assert "pictures abd2" in run("free")
    assert "1 entries" in run("list")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["pin", "ab"], "several"), (["pin", "x"], "no entry"), (["free", "--bytes", "0"], "at least 1")],
)
def test_what_is_not_clear_is_refused(arguments, said):
    with pytest.raises(CommandError, match=said):
        run(*arguments)
