"""Data sets: folders of the data set root that get an owner, a name and a visibility. Files are never touched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q

from distillation.contract.option import Option
from distillation.contract.options import BY_NAME
from distillation.contract.request import InvalidRequest
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.datasets.catalogue import is_plain_name, resolve
from distillation.datasets.layout import sub_folders
from distillation.models import Dataset, TrainingTask, Visibility
from distillation.selectors import Rights, visible
from distillation.services import audit
from distillation.services.audit import audited

MAX_FOLDER = 100
"""Characters of a folder's name that the column keeps."""
MAX_OWNER = 64

_COLUMNS: dict[str, tuple[str, Option]] = {
    "datasetName": ("dataset_name", Option("datasetName", "text", "data", "", "", max_length=255)),
    "description": ("description", Option("description", "text", "data", "", "", max_length=500)),
    "visibility": ("visibility", BY_NAME["visibility"]),
}
_OWNER = Option("owner", "text", "data", "", "", max_length=MAX_OWNER)


def free_folders() -> list[str]:
    """Folders of the root that nobody has registered, sorted; everybody who holds a role sees these."""
    try:
        folders = sub_folders(Path(settings.DATASETS_ROOT))
    except OSError:
        return []
    taken = set(Dataset.objects.values_list("dataset_id", flat=True))
    return [name for name in folders if name not in taken and is_plain_name(name) and len(name) <= MAX_FOLDER]


def any_seen(by: Rights) -> bool:
    """Whether there is a data set, registered or not, that the person could name in a task."""
    return visible(Dataset.objects.all(), by).exists() or bool(free_folders())


def register_dataset(data: Mapping[str, Any], by: Rights) -> Dataset:
    """Give a folder an owner. Raises InvalidRequest, and Refused when somebody else was first."""
    values, problems = read_facts(data, by)
    folder = str(data.get("datasetId") or "")
    problems += _folder_problems(folder, by)
    if problems:
        raise InvalidRequest(problems)
    dataset = Dataset(dataset_id=folder, **{"create_by": by.username[:MAX_OWNER], **values})
    try:
        with transaction.atomic():
            dataset.save(force_insert=True)
            audit.note("create", dataset, by.username)
    except IntegrityError as error:
        raise Refused(
            Sentence(gettext_noop("The folder {folder} has just been registered."), {"folder": folder})
        ) from error
    return dataset


def change_dataset(dataset: Dataset, data: Mapping[str, Any], by: Rights) -> Dataset:
    """Change what is said about the folder; what is absent stays. Raises InvalidRequest."""
    values, problems = read_facts(data, by)
    if problems:
        raise InvalidRequest(problems)
    with audited("edit", dataset, by.username):
        for column, value in values.items():
            setattr(dataset, column, value)
        dataset.save(update_fields=list(values))
    return dataset


def forget_dataset(dataset: Dataset, by: Rights) -> None:
    """Take the registration away: the folder stays, and everybody who holds a role sees it again."""
    with transaction.atomic():
        audit.write("delete", dataset, by.username, audit.facts(dataset), {})
        dataset.delete()


def read_facts(data: Mapping[str, Any], by: Rights) -> tuple[dict[str, Any], list[Problem]]:
    """What people say about a data set, by column, and what is wrong with it; the owner counts from administrators."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, (column, option) in _COLUMNS.items():
        if name not in data:
            continue
        try:
            value = read_value(option, data[name] if data[name] is not None else "")
        except Refused as refused:
            problems.append(Problem(name, refused.sentence))
        else:
            values[column] = value or (Visibility.TEAM.value if name == "visibility" else "")
    if by.administers and "owner" in data:
        _read_owner(data["owner"], values, problems)
    return values, problems


def _read_owner(raw: Any, values: dict[str, Any], problems: list[Problem]) -> None:
    try:
        name = read_value(_OWNER, raw if raw is not None else "")
    except Refused as refused:
        problems.append(Problem("owner", refused.sentence))
        return
    if name and not User.objects.filter(username=name).exists():
        sentence = Sentence(gettext_noop("There is no account {name}."), {"name": name})
        problems.append(Problem("owner", sentence))
        return
    values["create_by"] = name or None


def _folder_problems(folder: str, by: Rights) -> list[Problem]:
    try:
        resolve(Path(settings.DATASETS_ROOT), folder)
    except (Refused, ValueError):
        sentence = Sentence(gettext_noop("Choose a folder of the data set root that nobody has registered."))
        return [Problem("datasetId", sentence)]
    if folder not in free_folders():
        sentence = Sentence(gettext_noop("The folder {folder} is registered already."), {"folder": folder})
        return [Problem("datasetId", sentence)]
    return used_by_others(folder, by)


def used_by_others(folder: str, by: Rights) -> list[Problem]:
    """A name that other people's tasks train on is not given to new data behind their backs."""
    used = TrainingTask.objects.alive().filter(Q(dataset_id=folder) | Q(val_dataset_id=folder))
    if not by.administers and used.exclude(create_by=by.username).exists():
        sentence = Sentence(
            gettext_noop("Tasks of other people use the folder {folder}, so an administrator has to register it."),
            {"folder": folder},
        )
        return [Problem("datasetId", sentence)]
    return []
