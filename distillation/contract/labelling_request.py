"""The shape of a request to label a folder: names, types and limits. What exists is the business of services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from distillation.contract.labelling import EVERY_FORMAT, LARGEST_BATCH, USUAL_BATCH, USUAL_THRESHOLD
from distillation.contract.option import Option
from distillation.contract.request import InvalidRequest
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop

MAX_PATH = 500
"""Characters of a folder's path that the columns keep."""
MOST_CLASSES = 1000
"""Thresholds that one request may state."""

OPTIONS = {
    option.name: option
    for option in (
        Option("taskId", "text", "", "", "", "", max_length=64),
        Option("inputDir", "text", "", "", "", "", max_length=MAX_PATH),
        Option("outputDir", "text", "", "", "", "", max_length=MAX_PATH),
        Option("datasetId", "text", "", "", "", "", max_length=100, number_too=True),
        Option("batchSize", "integer", "", "", "", USUAL_BATCH, 1, LARGEST_BATCH),
        Option("threshold", "number", "", "", "", USUAL_THRESHOLD, 0, 1),
        Option("autoImport", "boolean", "", "", "", True),
    )
}
_SHARE = Option("classThresholds", "number", "", "", "", minimum=0, maximum=1)


@dataclass(frozen=True, slots=True)
class LabellingRequest:
    """What a client asks for."""

    task_id: str
    input_dir: str
    """Empty where a data set is named instead."""
    output_dir: str
    dataset_id: str
    batch_size: int
    threshold: float
    auto_import: bool
    formats: tuple[str, ...]
    """In their usual order; empty for the usual ones."""
    class_thresholds: dict[str, float]


def parse(data: Mapping[str, Any]) -> LabellingRequest:
    """Check a camelCase request. Raises InvalidRequest with all problems at once."""
    problems: list[Problem] = []
    values = {name: _read(option, data.get(name), problems) for name, option in OPTIONS.items()}
    formats = _formats(data.get("formats"), problems)
    class_thresholds = _class_thresholds(data.get("classThresholds"), problems)
    wrong = {problem.field for problem in problems}
    for name, required in (("taskId", True), ("outputDir", True), ("inputDir", not values["datasetId"])):
        if required and not values[name] and name not in wrong:
            problems.append(Problem(name, Sentence(gettext_noop("{option} is required."), {"option": name})))
    if problems:
        raise InvalidRequest(problems)
    return LabellingRequest(
        task_id=values["taskId"],
        input_dir=values["inputDir"],
        output_dir=values["outputDir"],
        dataset_id=values["datasetId"],
        batch_size=values["batchSize"],
        threshold=values["threshold"],
        auto_import=values["autoImport"],
        formats=formats,
        class_thresholds=class_thresholds,
    )


def _read(option: Option, raw: Any, problems: list[Problem]) -> Any:
    if raw is None or raw == "":
        return option.default
    try:
        return read_value(option, raw)
    except Refused as refused:
        problems.append(Problem(option.name, refused.sentence))
        return option.default


def _formats(raw: Any, problems: list[Problem]) -> tuple[str, ...]:
    names = raw.split(",") if isinstance(raw, str) and raw else raw or []
    wanted = [name.strip().lower() for name in names if isinstance(name, str)] if isinstance(names, list) else []
    if not isinstance(names, list) or len(wanted) < len(names) or not set(wanted) <= set(EVERY_FORMAT):
        sentence = Sentence(
            gettext_noop("formats must be a list of some of these words: {known}."), {"known": ", ".join(EVERY_FORMAT)}
        )
        problems.append(Problem("formats", sentence))
        return ()
    return tuple(name for name in EVERY_FORMAT if name in wanted)


def _class_thresholds(raw: Any, problems: list[Problem]) -> dict[str, float]:
    if raw is None or raw in ("", {}):
        return {}
    if not isinstance(raw, dict) or len(raw) > MOST_CLASSES:
        sentence = Sentence(gettext_noop("classThresholds must be an object of class names and numbers from 0 to 1."))
        problems.append(Problem("classThresholds", sentence))
        return {}
    found: dict[str, float] = {}
    for name, least in raw.items():
        try:
            found[name] = read_value(_SHARE, least)
        except Refused as refused:
            problems.append(Problem("classThresholds", refused.sentence))
    return found
