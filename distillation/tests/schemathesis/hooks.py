"""What Schemathesis cannot know of itself: rows that exist, texts that a format stands for, limits of numbers as text.

It loads this module into its own process (``hooks`` in schemathesis.toml); there is no Django in it.
"""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.core.parameters import ParameterLocation
from schemathesis.openapi.checks import IgnoredAuth, RejectedPositiveData

KINDS = ("SCRIPT", "WAITING", "PENDING", "QUEUED", "PAUSED", "RUNNING", "FAILED", "DONE", "GONE")
TASKS = [f"TASK_{kind}_{number}" for number in range(3) for kind in KINDS]
JOBS = [f"INF-{number:08X}" for number in range(24)]
REPORTING = ["TASK_SCRIPT_0", "TASK_SCRIPT_1", "TASK_SCRIPT_2", "TASK_SCRIPT_0", "TASK_SCRIPT_1", "TASK_DONE_0"]
DELETED = [f"TASK_{kind}_{number}" for number in (4, 5) for kind in KINDS]
OF_OPERATION = {
    "tasks_progress": REPORTING, "tasks_model_path": REPORTING, "tasks_token": REPORTING, "history_record": REPORTING,
    "evaluations_record": REPORTING, "metrics_report": REPORTING,
    "tasks_error": [f"TASK_SCRIPT_{number}" for number in range(3, 30)],
    "tasks_complete": [f"TASK_SCRIPT_{number}" for number in range(30, 35)],
    "tasks_stop": [f"TASK_SCRIPT_{number}" for number in range(35, 40)],
    "tasks_start": ["TASK_WAITING_3", "TASK_PENDING_3", "TASK_FAILED_3"],
    "tasks_pause": ["TASK_QUEUED_3"], "tasks_resume": ["TASK_PAUSED_3"],
    "tasks_bind_model": ["TASK_WAITING_2", "TASK_FAILED_2"],
    "tasks_delete": DELETED,
    "inference_delete": JOBS[4:],
    "tasks_edit": ["TASK_PENDING_0", "TASK_PENDING_1", "TASK_WAITING_0"],
    "presets_delete": ["预设 4", "预设 5"],
    "tasks_model": ["TASK_DONE_0"], "artifacts_list": ["TASK_DONE_0"], "artifacts_download": ["TASK_DONE_0"],
}  # fmt: skip
"""Rows that an operation may spoil are not those that others need."""
EXISTING = {
    "task_id": TASKS,
    "preset_name": ["预设 0", "预设 1", "预设 2"],
    "inference_id": JOBS[:4],
    "status": ["PENDING", "running"],
    "name": ["model/model.safetensors", "model/config.json"],
}
EVERY = 8
"""One request in so many goes to the address that was generated: mostly to a row that does not exist."""

_turns: dict[str, Iterator[int]] = defaultdict(itertools.count)


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Send well-formed addresses to rows that exist; otherwise every answer would be 404."""
    if case.meta is None or case.meta.is_negative_at(ParameterLocation.PATH):
        return
    if case.method.upper() != case.operation.method.upper():  # a probe of a method that is not there
        return
    operation = case.operation.definition.raw.get("operationId", "")
    turn = next(_turns[operation])
    if turn % EVERY == EVERY - 1:
        return
    _agree(case, operation, turn)
    for name, values in EXISTING.items():
        if name in (case.path_parameters or {}):
            chosen = OF_OPERATION.get(operation, values) if name != "name" else values
            case.path_parameters[name] = chosen[turn % len(chosen)]


def _agree(case: Any, operation: str, turn: int) -> None:
    """What must agree with rows or with the address agrees every other time, so that the request gets through."""
    if case.meta.is_negative_at(ParameterLocation.BODY) or turn % 2:
        return
    if operation == "tasks_create" and isinstance(case.body, dict):
        case.body |= {"studentModel": "cnn-tiny", "datasetId": "stripes", "trainingMode": "direct"}
    if operation == "tasks_bind_model":
        case.body = {"modelPath": "ready/model.safetensors"}
        case.query = {}
    if operation == "inference_submit":
        case.body = {"taskId": "TASK_DONE_1", "inputDir": "uploads", "outputDir": f"labels/new-{turn}"}
    if operation == "history_record":
        records = case.body if isinstance(case.body, list) else [case.body]
        for record in records:
            if isinstance(record, dict):
                record.pop("taskId", None)


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Keep failures, except where no schema could say it.

    A value of the body was not read, since the query wins; a page lies beyond the end; a number as text lies beyond
    the limits, which a pattern does not know; a name was guessed so often that it is locked, and told until when.
    """
    if isinstance(failure, IgnoredAuth) and "got `429 " in failure.message:
        return False  # ``response`` is that of the request with the right token
    if isinstance(failure, AcceptedNegativeData) and isinstance(case.body, dict):
        # The query wins over the body, whatever the body says.
        return not set(case.query or {}) & set(case.body)
    if isinstance(failure, RejectedPositiveData) and _is_beyond_the_end(response):
        return False
    if not isinstance(failure, RejectedPositiveData) or not isinstance(case.body, dict) or response.status_code != 400:
        return True
    wrong = response.json()["data"] or {}
    return not wrong or not all(_is_number_as_text(case.body.get(name)) for name in wrong)


def _is_beyond_the_end(response: Any) -> bool:
    return response.status_code == 400 and set(response.json()["data"] or {}) == {"page"}


def _is_number_as_text(value: Any) -> bool:
    try:
        float(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True


# Years that every database keeps, with a zone; the format itself also knows the year 0001 and leap seconds.
schemathesis.openapi.format(
    "date-time",
    st.datetimes(datetime(1970, 1, 2), datetime(9998, 12, 30)).map(  # noqa: DTZ001 - strategies take bare limits
        lambda moment: moment.replace(microsecond=0, tzinfo=UTC).isoformat()
    ),
)
_NAMES = st.lists(st.text("abcxyz_.0189", min_size=1, max_size=8), max_size=4)
schemathesis.openapi.format("json", st.one_of(_NAMES, st.dictionaries(st.text("ab"), st.integers())).map(json.dumps))
schemathesis.openapi.format(
    "json-object", st.dictionaries(st.sampled_from(["optimizer", "imageSize", "x"]), st.integers()).map(json.dumps)
)
schemathesis.openapi.format("json-array-of-names", _NAMES.map(json.dumps))
_INTEGERS = st.lists(st.integers(0, 2**31 - 1), unique=True, max_size=9)
schemathesis.openapi.format("json-array-of-integers", _INTEGERS.map(json.dumps))
schemathesis.openapi.format("integers-between-commas", _INTEGERS.map(lambda found: ", ".join(map(str, found))))
