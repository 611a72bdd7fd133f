"""Where uploads and surveys lie: below the home. What is unpacked is hidden in the data set root, and renamed there."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings

from distillation.storage.local import home

UPLOADS, SURVEYS = "uploads", "surveys"
ARCHIVE, ABOUT = "archive", "draft.json"
HIDDEN = ".upload-"
"""How the names of folders begin that archives are unpacked to; no catalogue lists them."""


def upload_dir(key: str) -> Path:
    """The folder of one upload: the archive while it comes, what is known of it, its survey."""
    return home() / UPLOADS / key


def unpacked_dir(key: str) -> Path:
    """What the archive is unpacked to, on the disk of the data sets so that a rename puts it in its place."""
    return Path(settings.DATASETS_ROOT) / f"{HIDDEN}{key}"


def survey_dir(folder: str) -> Path:
    """The survey of a folder of the data set root; a name may hold what no other file system takes."""
    name = hashlib.sha256(folder.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return home() / SURVEYS / name
