"""Above its limit the cache loses what was used longest ago, never what somebody goes on with."""

from __future__ import annotations

import fcntl
import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from distillation.contract.sentence import Refused
from distillation.contract.spec import RunSpec
from distillation.jobs.housekeeping import tidy_cache
from distillation.services import cache_limit, disk_space
from distillation.services.disk_space import Footprint
from distillation.storage import cache
from distillation.storage.local import run_dir, size_of
from distillation.tests.cached import DAY, cached, held_elsewhere
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db

Entries = dict[str, Path]


@pytest.fixture
def entries(home) -> Entries:
    """Five of about 10 kB; the first was used longest ago."""
    return {
        key: cached(home, kind, key, size=10_000, age=(5 - place) * DAY, sha256=f"sum-{key}")
        for place, (kind, key) in enumerate(
            [("teacher", "a"), ("pictures", "b"), ("teacher", "c"), ("adapters", "d"), ("teacher", "e")]
        )
    }


@pytest.fixture
def at_most(settings) -> Callable[[int], None]:
    def at_most(limit: int) -> None:
        settings.DISTILLATION_CACHE_BYTES = limit

    return at_most


def left(entries: Entries) -> str:
    return "".join(key for key, path in entries.items() if path.exists())


def unfinished(status: str, *, opened: tuple[str, str] | None = None, checksum: str = "") -> str:
    """A task of which the run has opened an entry, or a checkpoint names one."""
    task_id: str = TaskFactory(status=status).task_id
    run = run_dir(task_id)
    (run.checkpoints / "student").mkdir(parents=True)
    if opened:
        kind, key = opened
        run.cache.write_text(json.dumps([{"kind": kind, "key": key, "made": True, "bytes": 1}]))
    if checksum:
        (run.checkpoints / "student" / "last-1.json").write_text(json.dumps({"teacher_checksum": checksum}))
    return task_id


def test_what_was_used_longest_ago_goes_until_the_rest_fits(entries, at_most):
    at_most(35_000)
    assert [entry.key for entry in cache_limit.keep_limit()] == ["a", "b"]
    assert left(entries) == "cde"
    assert cache_limit.keep_limit() == []


def test_a_use_counts_and_not_when_it_was_made(entries, at_most):
    (entries["a"] / "used").touch()
    at_most(45_000)
    cache_limit.keep_limit()
    assert left(entries) == "acde"


def test_entries_of_earlier_versions_are_as_old_as_their_files(entries, at_most):
    (entries["b"] / "used").unlink()
    assert [entry.key for entry in cache.entries()] == ["a", "c", "d", "e", "b"]  # its folder has just changed


def test_a_pinned_entry_stays_until_it_is_unpinned(entries, at_most):
    assert cache.pin(entries["a"])
    at_most(0)
    cache_limit.keep_limit()
    assert (left(entries), cache.remove(entries["a"])) == ("a", False)
    cache.unpin(entries["a"])
    cache_limit.keep_limit()
    assert left(entries) == ""


@pytest.mark.parametrize("status", ["QUEUED", "RUNNING", "PAUSED"])
def test_what_an_unfinished_task_has_opened_stays(entries, at_most, status):
    unfinished(status, opened=("teacher", "c"))
    at_most(0)
    cache_limit.keep_limit()
    assert left(entries) == "c"


@pytest.mark.parametrize(("status", "stay"), [("STOPPED", "c"), ("FAILED", "c"), ("COMPLETED", "")])
def test_what_a_checkpoint_names_stays_while_the_task_can_go_on(entries, at_most, status, stay):
    unfinished(status, checksum="sum-c")
    unfinished("STOPPED", opened=("teacher", "e"))  # begins anew for want of a checkpoint
    at_most(0)
    cache_limit.keep_limit()
    assert left(entries) == stay


@pytest.mark.parametrize(("name", "how"), [("lock", fcntl.LOCK_EX), ("used", fcntl.LOCK_SH)])
def test_an_entry_that_another_process_has_open_stays(entries, at_most, name, how):
    at_most(0)
    with held_elsewhere(entries["b"] / name, how):
        cache_limit.keep_limit()
        assert left(entries) == "b"
        assert (cache_limit.reclaimable(), cache.remove(entries["b"])) == (0, False)
    cache_limit.keep_limit()
    assert left(entries) == ""


def test_a_pin_and_an_engine_do_not_disturb_each_other(entries):
    with held_elsewhere(entries["a"] / "used", fcntl.LOCK_SH):
        assert cache.pin(entries["a"])
    with held_elsewhere(entries["b"] / "used", fcntl.LOCK_EX):  # it is being removed
        assert not cache.pin(entries["b"])
    assert not cache.pin(entries["b"].with_name("gone"))


def test_of_two_that_remove_an_entry_one_does(entries):
    begin, removed = threading.Barrier(2), []

    def remove() -> None:
        begin.wait()
        removed.append(cache.remove(entries["a"]))

    threads = [threading.Thread(target=remove) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(removed) == [False, True]


def test_two_workers_do_not_free_the_same_bytes_twice(home, entries, at_most):
    at_most(0)
    with held_elsewhere(home / "cache" / "freeing.lock", fcntl.LOCK_EX):
        assert cache_limit.keep_limit() == []
    assert left(entries) == "abcde"


def test_what_a_killed_removal_left_is_deleted_by_the_next(home, entries, at_most, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", lambda *args, **options: None)  # killed before it began
        assert cache.remove(entries["a"])
    assert [entry.key for entry in cache.entries()] == ["b", "c", "d", "e"]
    assert size_of(home / "cache") > 50_000
    at_most(10**9)
    cache_limit.keep_limit()
    assert size_of(home / "cache") < 50_000
    assert left(entries) == "bcde"


def test_a_worker_frees_one_entry_between_two_heartbeats(entries, at_most):
    at_most(35_000)
    assert (tidy_cache(), left(entries)) == (True, "bcde")
    assert (tidy_cache(), left(entries)) == (True, "cde")
    assert (tidy_cache(), left(entries)) == (False, "cde")


def test_a_cache_that_cannot_be_read_does_not_end_the_worker(entries, at_most, monkeypatch):
    at_most(0)
    monkeypatch.setattr(cache, "entries", Mock(side_effect=PermissionError("cache")))
    assert tidy_cache() is False


def test_a_run_that_lacks_room_gets_what_the_cache_can_give(home, entries):
    lacking = 15_000 + size_of(home / "cache")
    assert [entry.key for entry in cache_limit.make_room(lambda: lacking - size_of(home / "cache"))] == ["a", "b"]


def test_nothing_goes_for_a_run_that_will_not_fit_all_the_same(entries):
    assert cache_limit.make_room(lambda: 10**6) == []
    assert left(entries) == "abcde"


def test_the_preview_counts_what_may_go_as_free(entries, monkeypatch):
    cache.pin(entries["a"])
    required = 10**6 + disk_space.RESERVE
    monkeypatch.setattr(disk_space, "free_bytes", lambda: required - 35_000)
    assert disk_space.shortage(Footprint(10**6, 0)) is None
    cache.pin(entries["b"])
    assert disk_space.shortage(Footprint(10**6, 0)) is not None


def test_a_run_that_begins_frees_or_is_refused(entries, monkeypatch):
    spec = Mock(RunSpec)
    monkeypatch.setattr(disk_space, "_needed", lambda _: Footprint(0, 0))
    size = 10_000
    monkeypatch.setattr(disk_space, "free_bytes", lambda: disk_space.RESERVE - size + 10_500 * (5 - len(left(entries))))
    disk_space.claim_disk(spec)
    assert left(entries) == "bcde"
    size = 10**6
    with pytest.raises(Refused, match="Free some space"):
        disk_space.claim_disk(spec)
    assert left(entries) == "bcde"
