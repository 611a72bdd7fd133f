"""Web and worker never load the engine's packages: they start fast, stay small and leave CUDA alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

HEAVY = ("torch", "transformers", "peft", "scipy", "sklearn")

WEB = """
import asyncio, sys
import django
from distillation_site.asgi import application
from django.test import AsyncClient
answer = asyncio.run(AsyncClient().get("/health/"))
assert answer.status_code in (200, 503), answer.status_code
"""

WORKER = """
import importlib, os, pkgutil, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "distillation_site.settings"
import django
django.setup()
import distillation.jobs, distillation.management
OWN_PROCESS = {"distillation.management.demo.digits"}
for package in (distillation.jobs, distillation.management):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if module.name not in OWN_PROCESS:
            importlib.import_module(module.name)
assert "distillation.jobs.worker" in sys.modules
"""


@pytest.mark.parametrize("program", [WEB, WORKER], ids=["web with a request", "worker and commands"])
def test_no_package_of_the_engine_is_loaded(program: str, tmp_path: Path):
    check = f"\nfound = sorted(set({HEAVY!r}) & set(sys.modules))\nassert not found, found\n"
    env = {
        **os.environ,
        "DISTILLATION_HOME": str(tmp_path / "light"),
        "DATABASE_URL": "",
        "DISTILLATION_ALLOWED_HOSTS": "testserver",
    }
    done = subprocess.run(
        [sys.executable, "-c", program + check], cwd=settings.BASE_DIR, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
