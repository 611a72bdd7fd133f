"""A home with a teacher that takes adapters."""

from __future__ import annotations

from pathlib import Path

import pytest

from distillation.contract.spec import RunSpec
from distillation.tests.engine.lora.samples import with_vit, write_vit


@pytest.fixture
def home(home: Path) -> Path:
    write_vit(home / "models" / "vit")
    return home


@pytest.fixture
def adapted(home: Path, spec: RunSpec) -> RunSpec:
    """A run whose teacher learns from the labels first."""
    return with_vit(spec)
