"""An entry of the cache is opened whole or made again, stays in use, and the run says which it was."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from distillation.contract.spec import RunSpec
from distillation.engine import atomic, cache_entry, run
from distillation.engine.context import Context
from distillation.engine.stopping import Stopped
from distillation.tests.engine.samples import direct

MakeContext = Callable[..., Context]


def no_wait() -> None:
    raise AssertionError("nobody holds the entry")


def free(path: Path) -> bool:
    """Whether the file's lock can be had alone."""
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_an_entry_is_in_use_until_the_run_lets_go(make_context: MakeContext, spec: RunSpec):
    context = make_context(spec)
    with cache_entry.opened(context, "teacher", "k", no_wait) as entry:
        assert not free(entry.folder / "lock")
    assert free(entry.folder / "lock")
    assert not free(entry.folder / "used")
    context.uses.release()
    assert free(entry.folder / "used")


def test_one_that_is_removed_between_looking_and_opening_is_made_again(make_context: MakeContext, spec: RunSpec):
    context = make_context(spec)
    folder = context.cache / "teacher" / "k"
    folder.mkdir(parents=True)
    other = (folder / "lock").open("ab")
    fcntl.flock(other, fcntl.LOCK_EX)

    def removed_meanwhile() -> None:
        folder.rename(folder.with_name(".gone-k"))
        other.close()

    with cache_entry.opened(context, "teacher", "k", removed_meanwhile) as entry:
        assert entry.folder == folder
        assert not free(folder / "lock")
        assert (folder / "used").is_file()
    assert not (folder.with_name(".gone-k") / "used").exists()


def test_who_waits_for_an_entry_is_told_once_and_can_be_stopped(make_context: MakeContext, spec: RunSpec):
    context = make_context(spec)
    lock = context.cache / "teacher" / "k" / "lock"
    lock.parent.mkdir(parents=True)
    told = []

    def stop() -> None:
        told.append("waiting")
        context.stop.requested = True

    with lock.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Stopped), cache_entry.opened(context, "teacher", "k", stop):
            raise AssertionError("held by another")
    assert told == ["waiting"]


def test_an_attempt_that_finds_what_an_earlier_one_made_says_that_the_run_made_it(
    make_context: MakeContext, spec: RunSpec
):
    for made in (False, True, False):
        with cache_entry.opened(make_context(spec), "teacher", "k", no_wait) as entry:
            entry.made = made
            (entry.folder / "content").write_bytes(b"x" * 5000)
    with cache_entry.opened(make_context(spec), "pictures", "p", no_wait):
        pass
    noted = cache_entry.opened_by(make_context(spec))
    assert [(row["kind"], row["key"], row["made"]) for row in noted] == [
        ("teacher", "k", True),
        ("pictures", "p", False),
    ]
    assert 5000 < noted[0]["bytes"] < 6000


def test_an_interrupted_attempt_has_named_what_it_makes(make_context: MakeContext, spec: RunSpec):
    context = make_context(spec)
    with pytest.raises(Stopped), cache_entry.opened(context, "teacher", "k", no_wait):
        raise Stopped
    assert cache_entry.opened_by(context) == [{"kind": "teacher", "key": "k", "made": False, "bytes": 0}]
    assert atomic.read_json(context.cache / "teacher/k/about.json") == {
        "task": spec.task_id,
        "data": "shapes",
        "teacher": "teacher",
    }


def test_the_result_says_what_was_found_and_what_was_made(make_context: MakeContext, spec: RunSpec, home: Path):
    spec = replace(spec, control=False)
    without = direct(spec, task_id="TASK_00000002")
    made = []
    for name, each in (("first", without), ("second", spec), ("third", spec)):
        context = make_context(each, name)
        run.perform(context, 1)
        result = atomic.read_json(context.run_dir.result)
        made.append({row["kind"]: row["made"] for row in result["cache"]})
        assert all(row["bytes"] > 1000 for row in result["cache"])
        assert all(free(path) for path in (home / "cache").glob("*/*/used"))
    assert made == [{"pictures": True}, {"pictures": False, "teacher": True}, {"pictures": False, "teacher": False}]
