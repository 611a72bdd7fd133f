"""The one function family that checks a request and a task against database and disk.

What does not exist at all is refused at create; what exists but cannot work yet is a problem that start refuses.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings

from distillation.contract.names import comparable
from distillation.contract.options import OPTIONS
from distillation.contract.request import CreateRequest, InvalidRequest, parse
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.datasets.catalogue import list_datasets, resolve
from distillation.datasets.outline import Outline, outline
from distillation.models import Executor, LoraPreset, TrainingTask
from distillation.services.flat import flat
from distillation.services.teachers import class_problem, find_teacher, some
from distillation.storage.local import model_directories


def check_create(request: CreateRequest) -> None:
    """Refuse what the database and the disk do not know at all. Raises InvalidRequest."""
    problems = _fill_from_preset(request)
    if not request.external:
        problems += _dataset_problems(request)
        if not request.direct and (sentence := _unknown_teacher(request.values["teacherModel"])):
            problems.append(Problem("teacherModel", sentence))
    if problems:
        raise InvalidRequest(problems)


def start_problems(task: TrainingTask) -> list[Problem]:
    """What makes a start impossible now; empty when it can begin."""
    if task.executor != Executor.PLATFORM:
        return []
    try:
        request = parse(flat(task))
    except InvalidRequest as invalid:
        return invalid.problems
    problems = _dataset_problems(request)
    if problems:
        return problems
    train = _outline(request)
    problems = [Problem("datasetId", sentence) for sentence in train.problems]
    return problems or [*_count_problems(request, train), *_teacher_problems(request, train)]


def not_applied(task: TrainingTask) -> list[Problem]:
    """Settings that the task keeps but that change nothing in its run, each with the reason."""
    if task.executor != Executor.PLATFORM:
        return []
    try:
        return parse({name: value for name, value in flat(task).items() if not _is_default(name, value)}).not_applied
    except InvalidRequest:
        return []


def preset_named(name: str, *, alive: bool = True) -> LoraPreset | None:
    """The preset whose name is the same to a person; the list is short enough to look through."""
    presets = LoraPreset.objects.alive() if alive else LoraPreset.objects.all()
    return next((preset for preset in presets if comparable(preset.preset_name) == comparable(name)), None)


_PRESET_COLUMNS = {"loraRank": "lora_rank", "loraAlpha": "lora_alpha", "loraDropout": "lora_dropout"}


def _fill_from_preset(request: CreateRequest) -> list[Problem]:
    name = request.values["loraPreset"]
    if not name:
        return []
    preset = preset_named(name)
    if preset is None:
        known = some(list(LoraPreset.objects.alive().values_list("preset_name", flat=True)))
        sentence = Sentence(
            gettext_noop("There is no LoRA preset {name}; available: {available}."), {"name": name, "available": known}
        )
        return [Problem("loraPreset", sentence)]
    options = {option.name: option for option in OPTIONS}
    for option_name, column in _PRESET_COLUMNS.items():
        if option_name not in request.given:
            request.values[option_name] = read_value(options[option_name], getattr(preset, column))
    return []


def _unknown_dataset(dataset_id: str) -> Sentence | None:
    try:
        resolve(Path(settings.DATASETS_ROOT), dataset_id)
    except Refused:
        known = [found.id for found in list_datasets(Path(settings.DATASETS_ROOT))]
        template = (
            gettext_noop("There is no data set {dataset} below the data set root; available: {available}.")
            if known
            else gettext_noop(
                "There is no data set {dataset}: the data set root is empty. Put a folder with train/<class>/ and "
                "val/<class>/ there, or run manage.py create_demo_datasets."
            )
        )
        return Sentence(template, {"dataset": dataset_id, "available": some(known)})
    return None


def _unknown_teacher(name: str) -> Sentence | None:
    if find_teacher(name) is not None:
        return None
    return Sentence(
        gettext_noop(
            "There is no teacher {name}: it is neither a task nor a directory below the models root. "
            "Directories found: {available}."
        ),
        {"name": name, "available": some(model_directories()) or "–"},
    )


def _dataset_problems(request: CreateRequest) -> list[Problem]:
    names = [name for name in ("datasetId", "valDatasetId") if request.values[name]]
    return [Problem(name, unknown) for name in names if (unknown := _unknown_dataset(request.values[name]))]


def _outline(request: CreateRequest) -> Outline:
    root = Path(settings.DATASETS_ROOT)
    val_id = request.values["valDatasetId"]
    return outline(root / request.values["datasetId"], root / val_id if val_id else None)


def _count_problems(request: CreateRequest, train: Outline) -> list[Problem]:
    asked = request.values["numClasses"]
    if not asked or asked == len(train.classes):
        return []
    sentence = Sentence(
        gettext_noop(
            "The task says {asked} classes, the data set {dataset} has {found}: {classes}. "
            "Leave the number empty to take it from the data."
        ),
        {"asked": asked, "dataset": train.id, "found": len(train.classes), "classes": some(list(train.classes))},
    )
    return [Problem("numClasses", sentence)]


def _teacher_problems(request: CreateRequest, train: Outline) -> list[Problem]:
    if request.direct:
        return []
    teacher = find_teacher(request.values["teacherModel"])
    sentence = (
        _unknown_teacher(request.values["teacherModel"])
        if teacher is None
        else teacher.reason or class_problem(teacher, tuple(train.classes), train.id)
    )
    return [Problem("teacherModel", sentence)] if sentence else []


def _is_default(name: str, value: Any) -> bool:
    return any(option.name == name and option.default == value for option in OPTIONS)
