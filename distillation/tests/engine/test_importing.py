"""Imports without the collector of cycles."""

from __future__ import annotations

import gc

import pytest

from distillation.engine.importing import uncollected


def test_the_collector_rests_inside_and_goes_on_after():
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_an_import_within_an_import_does_not_wake_it():
    with uncollected():
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_import_that_fails():
    with pytest.raises(ImportError), uncollected():
        raise ImportError
    assert gc.isenabled()


def test_nothing_is_kept_from_it_for_good():
    before = gc.get_freeze_count()
    with uncollected():
        pass
    assert gc.get_freeze_count() == before, "what a run makes and drops again would never be freed"
