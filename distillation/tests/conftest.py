"""Every test has a home of its own and no way to a model hub."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from django.apps import apps
from django.core.cache import cache
from PIL import Image
from pytest_django.plugin import blocking_manager_key

from distillation.tests.servers import mysql_database, mysql_url  # noqa: F401 - fixtures for every test

ROWS_OF_MIGRATIONS = ("0003_default_presets", "0005_roles")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """A transactional test empties every table when it ends; the tests after it need what migrations wrote."""
    result = yield
    marker = item.get_closest_marker("django_db")
    if nextitem is not None and marker is not None and marker.kwargs.get("transaction"):
        with item.config.stash[blocking_manager_key].unblock():
            for name in ROWS_OF_MIGRATIONS:
                import_module(f"distillation.migrations.{name}").forwards(apps, None)
    return result


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings) -> Path:
    """``DISTILLATION_HOME`` below the test's temporary directory."""
    root = tmp_path / "home"
    for name in ("datasets", "models", "runs"):
        (root / name).mkdir(parents=True)
    settings.DISTILLATION_HOME = root
    settings.DATASETS_ROOT = root / "datasets"
    settings.MODELS_ROOT = root / "models"
    settings.RUNS_ROOT = root / "runs"
    return root


@pytest.fixture(autouse=True)
def cheap_passwords(settings) -> None:
    """A password's hash is slow on purpose, and not what the tests are about."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def no_requests_before() -> None:
    """Limits of requests count in the cache; every test begins with none."""
    cache.clear()


@pytest.fixture
def digits(home: Path) -> Path:
    """A small image-folder data set of real PNG files: ``datasets/digits`` with classes 0 and 1."""
    root = home / "datasets" / "digits"
    generator = np.random.default_rng(0)
    for split, count in (("train", 8), ("val", 4)):
        for label in ("0", "1"):
            folder = root / split / label
            folder.mkdir(parents=True)
            for index in range(count):
                pixels = generator.integers(0, 60, (8, 8), dtype=np.uint8)
                pixels[:, 2 + 3 * int(label)] = 255
                Image.fromarray(pixels).save(folder / f"{index}.png")
    return root
