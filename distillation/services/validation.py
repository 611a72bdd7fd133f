"""The one function family that checks a request and a task against database and disk.

What does not exist at all is refused at create; what exists but cannot work yet is a problem that start refuses.
Create, the preview of a request, the page of a task and start all come through here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distillation.contract.create_request import CreateRequest
from distillation.contract.names import comparable
from distillation.contract.options import BY_NAME
from distillation.contract.request import InvalidRequest, parse, read
from distillation.contract.request_checks import direct_problems, without_guesses
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.contract.teachers import draws_masks
from distillation.datasets.box_prompts import no_boxes
from distillation.datasets.outline import Outline
from distillation.models import Executor, LoraPreset, TrainingTask
from distillation.selectors import Rights, visible
from distillation.services.disk_space import footprint, shortage
from distillation.services.first_weights import first_weights_problem
from distillation.services.flat import flat
from distillation.services.surroundings import Surroundings
from distillation.services.teacher_fit import run_classes, teacher_problem
from distillation.services.teacher_paths import disagreement, teacher_size_problem
from distillation.services.teachers import bits_problem, some
from distillation.services.workers import gpu_problem

_PRESET_COLUMNS = {
    "loraRank": "lora_rank",
    "loraAlpha": "lora_alpha",
    "loraDropout": "lora_dropout",
    "loraTargetModules": "target_modules",
}
_DATASET_NAMES = {"datasetId": "datasetName", "valDatasetId": "valDatasetName"}


def checked(data: Mapping[str, Any], around: Surroundings, *, default_executor: str) -> CreateRequest:
    """The request, complete and without anything that create refuses. Raises InvalidRequest with all of it at once."""
    request, problems = look_at(data, around, default_executor=default_executor)
    if problems:
        raise InvalidRequest(problems)
    return request


def look_at(
    data: Mapping[str, Any], around: Surroundings, *, default_executor: str
) -> tuple[CreateRequest, list[Problem]]:
    """A flat request as far as it can be read, and all that create would refuse: its shape, and what is unknown."""
    request, problems = read(data, default_executor=default_executor)
    whole = request.assumed()
    found = create_problems(whole, around)
    request.take(whole)
    return request, [*problems, *(one for one in without_guesses(found, request.refused) if one not in problems)]


def create_problems(request: CreateRequest, around: Surroundings) -> list[Problem]:
    """What the database and the disk do not know at all, or the owner may not see; empty when it can be created.

    Fills in what a preset and the data sets know: LoRA values and display names.
    """
    problems = [*_fill_from_preset(request, around), *direct_problems(request)]
    if not request.external:
        unknown = _dataset_problems(request, around)
        problems += unknown
        if not unknown:
            _fill_dataset_names(request, around)
        if unknown_teacher := around.unknown_teacher_of(request):
            problems.append(unknown_teacher)
        else:
            _fill_teacher_name(request, around)
    return problems


def request_problems(request: CreateRequest, around: Surroundings) -> list[Problem]:
    """What makes a start of this request impossible now; empty when it can begin."""
    if request.external:
        return []
    problems = _dataset_problems(request, around)
    if problems:
        return problems
    if sentence := gpu_problem(request.values["gpuDevices"] or []):
        return [Problem("gpuDevices", sentence)]
    data = request_outline(request, around)
    kind = around.teacher_kind(request)
    problems = [Problem("datasetId", sentence) for sentence in data.problems] or _type_problems(request, data, kind)
    if problems:
        return problems
    problems = [*_count_problems(request, data), *_teacher_problems(request, data, around)]
    if sentence := first_weights_problem(request, around):
        problems.append(Problem("studentPretrainPath", sentence))
    short = shortage(footprint(request, data, kind))
    return [*problems, Problem("", short)] if short else problems


def start_problems(task: TrainingTask, around: Surroundings | None = None) -> list[Problem]:
    """What makes a start of the task impossible now; empty when it can begin."""
    if task.executor != Executor.PLATFORM:
        return []
    try:
        request = parse(flat(task))
    except InvalidRequest as invalid:
        return invalid.problems
    return request_problems(request, around or Surroundings(task.create_by))


def not_applied(task: TrainingTask) -> list[Problem]:
    """Settings that the task keeps but that change nothing in its run, each with the reason."""
    if task.executor != Executor.PLATFORM:
        return []
    try:
        return parse({name: value for name, value in flat(task).items() if not _is_default(name, value)}).not_applied
    except InvalidRequest:
        return []


def request_outline(request: CreateRequest, around: Surroundings) -> Outline:
    """The request's data at a glance."""
    return around.outline(request.values["datasetId"], request.values["valDatasetId"])


def preset_named(name: str, *, alive: bool = True, seen_by: Rights | None = None) -> LoraPreset | None:
    """The preset whose name is the same to a person; the list is short enough to look through."""
    presets = LoraPreset.objects.alive() if alive else LoraPreset.objects.all()
    seen = presets if seen_by is None else visible(presets, seen_by)
    return next((preset for preset in seen if comparable(preset.preset_name) == comparable(name)), None)


def _fill_from_preset(request: CreateRequest, around: Surroundings) -> list[Problem]:
    name = request.values["loraPreset"]
    if not name:
        return []
    preset = around.preset(name)
    if preset is None:
        known = some([preset.preset_name for preset in around.presets])
        sentence = Sentence(
            gettext_noop("There is no LoRA preset {name}; available: {available}."), {"name": name, "available": known}
        )
        return [Problem("loraPreset", sentence)]
    try:
        for option_name, column in _PRESET_COLUMNS.items():
            stored = getattr(preset, column)
            if option_name not in request.given and stored not in (None, "", "[]"):
                request.values[option_name] = read_value(BY_NAME[option_name], stored)
    except Refused as refused:  # a preset that was written by SQL
        return [Problem("loraPreset", refused.sentence)]
    return []


def _fill_dataset_names(request: CreateRequest, around: Surroundings) -> None:
    for id_name, name in _DATASET_NAMES.items():
        if request.values[id_name] and not request.values[name]:
            longest = BY_NAME[name].max_length
            request.values[name] = around.outline(request.values[id_name]).name[:longest]


def _fill_teacher_name(request: CreateRequest, around: Surroundings) -> None:
    """A teacher that is known by its place alone gets its name, where that means nobody else: lists show it."""
    name, place = request.values["teacherModel"], request.values["teacherModelPath"]
    teacher = around.teacher_of(request) if place and not name else None
    if teacher is not None and disagreement(teacher.name, place, around.teacher(teacher.name), teacher) is None:
        request.values["teacherModel"] = teacher.name


def _dataset_problems(request: CreateRequest, around: Surroundings) -> list[Problem]:
    names = [name for name in _DATASET_NAMES if request.values[name]]
    return [Problem(name, unknown) for name in names if (unknown := around.unknown_dataset(request.values[name]))]


def _type_problems(request: CreateRequest, data: Outline, teacher_kind: str) -> list[Problem]:
    wanted = request.values["taskType"]
    if draws_masks(teacher_kind) and wanted == "segmentation":
        return [] if "detection" in data.task_types else [Problem("datasetId", no_boxes(data.id, data.layout))]
    if wanted in data.task_types:
        return []
    sentence = Sentence(
        gettext_noop(
            "The data set {dataset} is laid out for {found} ({layout}); the student {student} learns {wanted}. Choose "
            "another data set or another student."
        ),
        {
            "dataset": data.id,
            "found": ", ".join(data.task_types),
            "layout": data.layout,
            "student": request.values["studentModel"],
            "wanted": wanted,
        },
    )
    return [Problem("datasetId", sentence)]


def _count_problems(request: CreateRequest, data: Outline) -> list[Problem]:
    asked, classes = request.values["numClasses"], run_classes(request, data)
    if not asked or not classes or asked == len(classes):
        return []
    sentence = Sentence(
        gettext_noop(
            "The task says {asked} classes, the data set {dataset} has {found}: {classes}. "
            "Leave the number empty to take it from the data."
        ),
        {"asked": asked, "dataset": data.id, "found": len(classes), "classes": some(list(classes))},
    )
    return [Problem("numClasses", sentence)]


def _teacher_problems(request: CreateRequest, data: Outline, around: Surroundings) -> list[Problem]:
    if request.direct:
        return []
    if unknown := around.unknown_teacher_of(request):
        return [unknown]
    teacher = around.teacher_of(request)
    sentence = teacher_problem(teacher, request, data) if teacher else None
    if sentence or teacher is None:
        return [Problem("teacherModel", sentence)] if sentence else []
    size = request.values["teacherParamSize"]
    found = {
        "teacherQuantization": bits_problem(teacher, request),
        "teacherParamSize": teacher_size_problem(size, teacher) if size else None,
    }
    return [Problem(name, sentence) for name, sentence in found.items() if sentence is not None]


def _is_default(name: str, value: Any) -> bool:
    return bool(BY_NAME[name].default == value)
