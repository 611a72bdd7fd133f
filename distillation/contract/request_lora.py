"""The LoRA options of a create request: what they amount to, what cannot be had, and what changes nothing."""

from __future__ import annotations

from distillation.contract import adaptation
from distillation.contract.create_request import CreateRequest
from distillation.contract.lora import LoraSpec, read_layers
from distillation.contract.options import OPTIONS
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop

TARGET, EPOCHS = "loraTarget", "loraEpochs"
_SETTINGS = tuple(option.name for option in OPTIONS if option.group == "lora" and option.name != TARGET)


def lora_spec(request: CreateRequest) -> LoraSpec | None:
    """The settings of the run; None where neither teacher nor student learns through adapters. Raises Refused."""
    values = request.values
    if values[TARGET] == "none":
        return None
    return LoraSpec(
        target=values[TARGET],
        rank=values["loraRank"],
        alpha=values["loraAlpha"],
        dropout=values["loraDropout"],
        target_modules=tuple(values["loraTargetModules"] or ()),
        layers=read_layers(values["loraLayers"]),
        bias=values["loraBiasTrain"],
        epochs=values[EPOCHS],
    )


def check_lora(request: CreateRequest, problems: list[Problem]) -> None:
    """Add what cannot be had, and note what changes nothing. A script elsewhere may do with it what it wants."""
    if request.external:
        return
    values = request.values
    try:
        read_layers(values["loraLayers"])
    except Refused as refused:
        problems.append(Problem("loraLayers", refused.sentence))
    problems += adaptation.problems(_wish(request))
    if values[TARGET] != "none":
        problems += [
            Problem(name, Sentence(gettext_noop("With loraTarget {target} {option} must be 1 or more, not 0."),
                                   {"target": values[TARGET], "option": name}))
            for name in ("loraRank", "loraAlpha") if not values[name]
        ]  # fmt: skip
    unused = _unused(request)
    if unused is not None:
        names, reason = unused
        request.not_applied += [Problem(name, Sentence(reason)) for name in names if name in request.given]


def _wish(request: CreateRequest) -> adaptation.Wish:
    values = request.values
    return adaptation.Wish(
        target=values[TARGET],
        joint=not request.direct and values["collaboration"] == "joint",
        direct=request.direct,
        task_type=values["taskType"],
        student=values["studentModel"],
        init=values["studentInitMethod"],
        augmentation=request.augmentation(),
        quantization=values["teacherQuantization"],
        features=not request.direct and values["distillationType"] != "logit",
        seeds=len(request.seeds()),
    )


def _unused(request: CreateRequest) -> tuple[tuple[str, ...], str] | None:
    """Settings that have no effect here, and why."""
    if request.values[TARGET] == "none":
        return _SETTINGS, gettext_noop("Nothing learns through LoRA adapters (loraTarget none).")
    if request.values[TARGET] == "student":
        return (EPOCHS,), gettext_noop("The student learns for all of its epochs (loraTarget student).")
    if request.values["collaboration"] == "joint":
        return (EPOCHS,), gettext_noop("The teacher learns for all of the student's epochs (collaboration joint).")
    return None
