"""A draft becomes a data set: whole and with its owner at once, or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.datasets.catalogue import is_plain_name
from distillation.models import Dataset
from distillation.selectors import Rights
from distillation.services import audit, surveys, uploads
from distillation.services.datasets import MAX_FOLDER, MAX_OWNER, read_facts, used_by_others
from distillation.services.uploads import Draft
from distillation.storage.drafts import survey_dir


def keep(draft: Draft, data: Mapping[str, Any], by: Rights) -> Dataset:
    """Name the draft's folder ``datasetId`` and register it. Raises InvalidRequest, and Refused when it is too late."""
    values, problems = read_facts(data, by)
    folder = str(data.get("datasetId") or "").strip()
    problems += _folder_problems(folder, by)
    if problems:
        raise InvalidRequest(problems)
    if not draft.root.is_dir():
        raise Refused(Sentence(gettext_noop("This upload is gone: it was kept or thrown away in another window.")))
    dataset = Dataset(dataset_id=folder, **{"create_by": by.username[:MAX_OWNER], **values})
    target = Path(settings.DATASETS_ROOT) / folder
    placed = False
    try:
        with transaction.atomic():
            dataset.save(force_insert=True)
            audit.note("create", dataset, by.username)
            _place(draft.root, target, folder)
            placed = True
    except IntegrityError as error:
        raise _taken(folder) from error
    except BaseException:
        if placed:  # the row was not written after all
            with contextlib.suppress(OSError):
                target.rename(draft.root)
        raise
    surveys.move(draft.folder, survey_dir(folder))
    uploads.remove(draft)
    return dataset


def proposed_folder(file_name: str) -> str:
    """A folder's name from that of an archive: without suffixes and what a name cannot have."""
    stem = file_name
    for suffix in (".zip", ".tar.gz", ".tgz", ".tar"):
        if stem.lower().endswith(suffix):
            stem = stem[: -len(suffix)]
            break
    stem = "".join("-" if char in "/\\" or not char.isprintable() else char for char in stem).strip(" .")[:MAX_FOLDER]
    while len(stem.encode()) > 255:
        stem = stem[:-1]
    return stem if is_plain_name(stem) else "data"


def _folder_problems(folder: str, by: Rights) -> list[Problem]:
    if not is_plain_name(folder) or len(folder) > MAX_FOLDER:
        sentence = Sentence(
            gettext_noop("Give the folder a name of 1 to {limit} characters without slashes or a dot in front."),
            {"limit": MAX_FOLDER},
        )
        return [Problem("datasetId", sentence)]
    if os.path.lexists(Path(settings.DATASETS_ROOT) / folder) or Dataset.objects.filter(dataset_id=folder).exists():
        return [Problem("datasetId", _taken(folder).sentence)]
    return used_by_others(folder, by)


def _place(draft: Path, target: Path, folder: str) -> None:
    """Rename the draft. Raises Refused when something has that name by now: a folder with content is never replaced."""
    if os.path.lexists(target):
        raise _taken(folder)
    try:
        draft.chmod(0o755)
        draft.rename(target)
    except OSError as error:
        if target.exists():
            raise _taken(folder) from error
        raise Refused(
            Sentence(
                gettext_noop("The folder {folder} cannot be made ({error})."), {"folder": folder, "error": str(error)}
            )
        ) from error


def _taken(folder: str) -> Refused:
    return Refused(
        Sentence(
            gettext_noop("There is a folder {folder} already, perhaps since a moment ago. Give this one another name."),
            {"folder": folder},
        )
    )
