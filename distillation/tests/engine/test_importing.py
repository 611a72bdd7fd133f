"""Imports without the collector of cycles."""

from __future__ import annotations

import gc
import subprocess
import sys

import pytest

from distillation.engine.importing import uncollected
from distillation.tests.engine.samples import PROJECT


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


def test_a_run_that_needs_no_model_of_transformers_does_not_import_it():
    code = (
        "import sys, distillation.engine.run; from distillation.engine import students; "
        "students.build('resnet18', classes=3, channels=3, image_size=32); "
        "assert 'transformers' not in sys.modules, 'a second of every start'"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
