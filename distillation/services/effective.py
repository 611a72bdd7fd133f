"""The effective configuration: every option with the value that counts, and what is not applied and why.

One function for a request that is only looked at and for a task that exists. It saves nothing, and whatever
stands in an old row or in a request, it answers: what cannot be read is an error by field.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from distillation.contract.create_request import CreateRequest
from distillation.contract.limits import NAMES_SHOWN
from distillation.contract.options import OPTIONS
from distillation.contract.request import read
from distillation.contract.sentence import Problem, Sentence, gettext_noop
from distillation.contract.task_types import OF_PICTURES
from distillation.models import Executor, TrainingTask
from distillation.services.disk_space import free_bytes
from distillation.services.estimates import Estimates, estimate
from distillation.services.flat import flat
from distillation.services.surroundings import Surroundings
from distillation.services.teachers import resolved_name
from distillation.services.validation import look_at, not_applied, request_outline, request_problems

LONGEST_ODD_VALUE = 200
_LARGEST_INTEGER = 2**63
_RUN = {"trainingMode", "executor", "datasetId", "valDatasetId", "studentModel", "studentModelSize", "taskType",
        "imageSize"}  # fmt: skip
"""What data and student of a run follow from."""
_TEACHER = {"teacherModel", "teacherModelPath"}
_OF_THE_CACHE = {"augmentation", "cacheViews", "distillationType"}
_OF_THE_ARMS = {"control", "seeds"}
"""What the bytes of a run follow from besides."""
_COSTS_FOLLOW_FROM = {
    "cache_bytes": _OF_THE_CACHE,
    "checkpoint_bytes": _OF_THE_ARMS,
    "steps": {"totalEpochs", "batchSize", "gradAccumSteps", "gpuDevices"} | _OF_THE_ARMS,
    "duration_seconds": {"totalEpochs", "batchSize", "gpuDevices"} | _OF_THE_ARMS,
    "speed": {"batchSize", "gpuDevices"},
}
_FOLLOWS_FROM = {
    "imageSize": {"studentModel", "studentModelSize"},
    "valDatasetId": {"datasetId"},
    "softLabelWeight": {"trainingMode", "alpha"},
    "hardLabelWeight": {"trainingMode", "alpha"},
    "numClasses": {"executor", "datasetId", "valDatasetId"},
    "augmentation": {"studentModel", "taskType"},
    "cacheViews": {"studentModel", "taskType", "augmentation"},
    "featureLossType": {"distillationType", "attentionDistill", "studentModel", "taskType"},
    "featureWeight": {"distillationType"},
    "seed": {"seeds"},
}
_KEPT_ONLY = gettext_noop("{option} is kept with the task, but this version does nothing with it.")


@dataclass(frozen=True, slots=True)
class Effective:
    """What a request or a task amounts to."""

    values: dict[str, Any]
    """Every option of the catalogue; None for one that was refused or stays undecided."""
    given: dict[str, Any]
    """What the client, or the stored row, says itself."""
    differs: dict[str, Any]
    """Options whose value is not the default, with the default."""
    teacher_resolved: str | None
    """The teacher that an alias stands for, or the name itself."""
    errors: list[Problem]
    """What create would refuse; of a task, stored values that this version cannot read."""
    problems: list[Problem]
    """What start would refuse."""
    not_applied: list[Problem]
    unknown_keys: list[str]
    estimates: Estimates


def of_request(data: Mapping[str, Any], actor: str, around: Surroundings | None = None) -> Effective:
    """What a create request of the actor would amount to; ``around`` are the actor's, where they are known already."""
    around = around or Surroundings(actor)
    request, errors = look_at(data, around, default_executor=settings.DISTILLATION_DEFAULT_EXECUTOR)
    given = {name: request.values[name] for name in sorted(request.given)}
    problems = _start_problems(request, around, errors)
    return _effective(request, around, given=given, errors=errors, problems=problems, ignored=request.not_applied)


def of_task(task: TrainingTask) -> Effective:
    """What a task amounts to; of legacy rows and samples too."""
    stored = flat(task)
    request, errors = read(stored, default_executor=task.executor)
    around = Surroundings(task.create_by)
    runs_here = task.executor == Executor.PLATFORM
    return _effective(
        request,
        around,
        given={name: _json_safe(value) for name, value in stored.items()},
        errors=errors,
        problems=(errors or request_problems(request, around)) if runs_here else [],
        ignored=[*not_applied(task), *_kept_only(task)],
    )


def settings_of(task: TrainingTask) -> dict[str, Any]:
    """What counts of each option in a task; None where it has no part. Looks at neither database nor data."""
    stored = flat(task)
    request, _errors = read(stored, default_executor=task.executor)
    values = {option.name: request.values.get(option.name) for option in OPTIONS} | _settled(request)
    values |= {name: _json_safe(stored[name]) for name in request.refused if name in stored}
    idle = {problem.field for problem in request.not_applied}
    if request.values.get("trainingMode") == "direct":
        idle |= {option.name for option in OPTIONS if not option.direct}
    if request.values.get("loraTarget") == "none":
        idle |= {option.name for option in OPTIONS if option.group == "lora" and option.name != "loraTarget"}
    return {name: None if name in idle else value for name, value in values.items()}


def _effective(
    request: CreateRequest,
    around: Surroundings,
    *,
    given: dict[str, Any],
    errors: list[Problem],
    problems: list[Problem],
    ignored: list[Problem],
) -> Effective:
    values = {option.name: request.values.get(option.name) for option in OPTIONS}
    decided = _decided(request, around)
    teacher = values["teacherModel"]
    return Effective(
        values=values | decided,
        given=given,
        differs=_differs(request, around, decided),
        teacher_resolved=resolved_name(teacher, around.aliases) if teacher else values["teacherModelPath"] or None,
        errors=errors,
        problems=problems,
        not_applied=ignored,
        unknown_keys=[name[:NAMES_SHOWN] for name in request.unknown[:NAMES_SHOWN]],
        estimates=_estimates(request, around, errors),
    )


def _start_problems(request: CreateRequest, around: Surroundings, errors: list[Problem]) -> list[Problem]:
    """What start would refuse of a request, as far as it can be said beside the errors, and not what they say."""
    if not _run_is_known(request, around, errors):
        return []
    whole = request.assumed()
    if _TEACHER & {error.field for error in errors}:  # the data can be looked at all the same
        whole = replace(whole, values=whole.values | {"trainingMode": "direct"})
    found = [problem for problem in request_problems(whole, around) if problem not in errors]
    return [problem for problem in found if problem.field or not (_OF_THE_CACHE | _OF_THE_ARMS) & request.refused]


def _estimates(request: CreateRequest, around: Surroundings, errors: list[Problem]) -> Estimates:
    """What a run will cost; unknown is what follows from a value that was refused."""
    if not _run_is_known(request, around, errors):
        return Estimates(free_bytes())
    found = estimate(request.assumed(), around)
    unknown: dict[str, Any] = {name: None for name, basis in _COSTS_FOLLOW_FROM.items() if basis & request.refused}
    return replace(found, **unknown)


def _run_is_known(request: CreateRequest, around: Surroundings, errors: list[Problem]) -> bool:
    """Whether data and student are."""
    wrong = request.refused | {error.field for error in errors}
    return not _RUN & wrong and (request.external or around.unknown_dataset(request.values["datasetId"]) is None)


def _decided(request: CreateRequest, around: Surroundings) -> dict[str, Any]:
    """Options without a fixed default, whose value follows from others or from the data."""
    whole = request.assumed()
    decided = _settled(request)
    data = whole.values["datasetId"]
    if data and not whole.external and around.unknown_dataset(data) is None:
        decided["numClasses"] = whole.values["numClasses"] or len(request_outline(whole, around).classes) or None
    return _followed(request, decided)


def _settled(request: CreateRequest) -> dict[str, Any]:
    """Those whose value follows from other options alone."""
    whole = request.assumed()
    decided: dict[str, Any] = {"imageSize": whole.image_size(), "valDatasetId": whole.val_dataset()}
    if whole.values["taskType"] in OF_PICTURES:
        decided |= {"augmentation": whole.augmentation(), "cacheViews": whole.views()}
    if whole.values["distillationType"] != "logit":
        decided |= {"featureLossType": whole.feature_loss(), "featureWeight": whole.feature_weight()}
    if whole.values["seeds"]:
        decided["seed"] = whole.seeds()[0]
    if not whole.direct:
        decided |= {"softLabelWeight": whole.soft_weight(), "hardLabelWeight": whole.hard_weight()}
    return _followed(request, decided)


def _followed(request: CreateRequest, decided: dict[str, Any]) -> dict[str, Any]:
    """Without what would follow from a value that was refused."""
    basis = {name: {name} | _FOLLOWS_FROM.get(name, set()) for name in decided}
    return {name: value for name, value in decided.items() if not basis[name] & request.refused}


def _differs(request: CreateRequest, around: Surroundings, decided: dict[str, Any]) -> dict[str, Any]:
    """By option: its default, where the value is another. Names and texts without a default are left out."""
    defaults = {option.name: option.default for option in OPTIONS if option.default is not None}
    defaults["executor"] = settings.DISTILLATION_DEFAULT_EXECUTOR
    values = request.values | decided
    undecided = CreateRequest(request.assumed().values | dict.fromkeys(decided))
    defaults |= {name: value for name, value in _decided(undecided, around).items() if name in decided}
    return {name: default for name, default in defaults.items() if values.get(name) not in (None, default)}


def _kept_only(task: TrainingTask) -> list[Problem]:
    """What ``training_config`` holds beyond the catalogue, mostly from an older service."""
    known = {option.config_path for option in OPTIONS if option.config_path}
    groups = {path[:1] for path in known if len(path) > 1}
    names: list[str] = []
    for key, value in task.config.items():
        if (key,) in groups and isinstance(value, dict):
            names += [f"{key}.{inner}" for inner in value if (key, inner) not in known]
        elif (key,) not in known:
            names.append(key)
    return [
        Problem(name, Sentence(_KEPT_ONLY, {"option": name}))
        for name in (_json_safe(name) for name in names[:NAMES_SHOWN])
    ]


def _json_safe(value: Any) -> Any:
    """A stored value that any client can read: no NaN, no half characters, nothing endless."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int) and abs(value) < _LARGEST_INTEGER:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, list) and all(isinstance(each, (str, int)) for each in value):
        return [_json_safe(name) for name in value[:NAMES_SHOWN]]
    text = value if isinstance(value, str) else str(value)[:LONGEST_ODD_VALUE]
    return text.encode(errors="replace").decode()
