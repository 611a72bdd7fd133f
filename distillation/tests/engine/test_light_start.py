"""A run loads what it needs: a small student waits for no package of large models, nor for compilers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from distillation.tests.engine.samples import PROJECT

LAZY = ("transformers", "torch._inductor", "torch._dynamo", "peft", "sklearn")

PROGRAM = f"""
import sys
import torch
from distillation.engine import run, students
from distillation.tests.engine.coloured import short_run
run.settle(short_run("classification", "cnn-tiny", 32))
for student in ("cnn-tiny", "resnet18"):
    students.build(student, classes=3, channels=1, image_size=32)
assert torch.are_deterministic_algorithms_enabled()
found = sorted(set({LAZY!r}) & set(sys.modules))
assert not found, found
"""


@pytest.mark.slow
def test_a_small_students_run_imports_no_giant():
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
