"""axe-core (its npm tarball, MPL-2.0): what keeps people who use a keyboard or a screen reader from using a page."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

VERSION = "4.10.3"
SETTLED = 300
"""Milliseconds until the scripts of a loaded page have done their work."""
SERIOUS = ("serious", "critical")
_RUN = "() => axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"


@cache
def script() -> str:
    """The content of ``axe.min.js``, fetched once a process. Skips without npm, and fails in CI."""
    npm = shutil.which("npm")
    if npm is None:
        line = "NO NPM: axe-core is fetched by 'npm pack'"
        if os.environ.get("CI") == "true":
            pytest.fail(line, pytrace=False)
        pytest.skip(line)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([npm, "pack", "--silent", f"axe-core@{VERSION}"], cwd=folder, check=True, capture_output=True)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as tarball:
            file = tarball.extractfile("package/axe.min.js")
            assert file is not None
            return file.read().decode("utf-8")


def serious(page: Page) -> list[str]:
    """The serious and critical findings on the open page, each with the elements it is about."""
    page.wait_for_timeout(SETTLED)
    page.evaluate(script())
    found: list[dict[str, Any]] = page.evaluate(_RUN)
    return [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:5]}"
        for one in found
        if one["impact"] in SERIOUS
    ]
