"""Imports without the collector of cycles."""

from __future__ import annotations

import gc

import pytest

from distillation.engine.importing import uncollected


def test_the_collector_rests_inside_and_leaves_alone_what_was_made():
    frozen = gc.get_freeze_count()
    with uncollected():
        assert not gc.isenabled()
        made: list[list[int]] = [[] for _ in range(100)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= frozen + len(made)


def test_it_goes_on_after_an_import_that_fails():
    with pytest.raises(ImportError), uncollected():
        raise ImportError
    assert gc.isenabled()
