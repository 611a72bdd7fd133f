"""What an outside script says about its model: a path of *its* machine and an address.

Both are labels for people. The path is kept as it stands and **never opened**, also where a file of that name lies
below the home: otherwise a report could hand out any file of the home, such as another team's model. What is to
be used or downloaded is copied below the models root and bound (``jobs.binding``), which checks it. Until then the
model is listed as unusable, with that remedy. An absolute path below the home is kept relative to it.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.lifecycle import EXTERNAL_LEASE
from distillation.models import Executor, TaskStatus, TrainingTask
from distillation.services.audit import audited
from distillation.storage.local import home
from distillation.storage.opening import climbs

MAX_LENGTH = 500
"""What the columns keep."""
STATES = (TaskStatus.RUNNING, TaskStatus.COMPLETED)
"""A script reports its model while it trains (each better one) or after it said that it is complete."""
_DEVICES = ("/dev", "/proc", "/sys")


def report_model(task: TrainingTask, actor: str, *, model_path: Any = None, model_url: Any = None) -> TrainingTask:
    """Keep what a script says; what is absent or empty stays as it was.

    Raises InvalidRequest, and Refused for a task that the platform runs, one in another state (a stopped or failed
    run has no finished model) and one with a bound model, which a late report must not replace by a label.
    """
    _guard(task)
    problems: list[Problem] = []
    columns = {
        "model_path": _checked("modelPath", model_path, _path_problem, problems),
        "model_url": _checked("modelUrl", model_url, _url_problem, problems),
    }
    changes: dict[str, Any] = {column: value for column, value in columns.items() if value is not None}
    if not changes and not problems:
        problems.append(Problem("modelPath", Sentence(gettext_noop("Send modelPath, modelUrl or both."))))
    if problems:
        raise InvalidRequest(problems)
    if "model_path" in changes:
        changes["model_path"] = _relative(changes["model_path"])
    now = timezone.now()
    if task.status == TaskStatus.RUNNING:
        changes |= {"lease_until": now + EXTERNAL_LEASE, "lost_contact_at": None}
    rows = TrainingTask.objects.alive().filter(
        pk=task.pk, executor=Executor.EXTERNAL, status=task.status, model_sha256=None
    )
    with audited("report_model", task, actor):
        reported = rows.update(**changes, update_by=actor, update_time=now)
        task.refresh_from_db()
        if not reported:  # another was faster: the state or the model is not what this call saw
            _guard(task)
            raise _wrong_state(task)
    return task


def _guard(task: TrainingTask) -> None:
    if task.executor != Executor.EXTERNAL:
        raise Refused(
            Sentence(
                gettext_noop("{task} is not run by an external script (executor {executor}), so it takes no reports."),
                {"task": task.task_id, "executor": task.executor},
            )
        )
    if task.status not in STATES:
        raise _wrong_state(task)
    if task.model_sha256:
        raise Refused(
            Sentence(
                gettext_noop(
                    "{task} has the model {path}, which was bound and checked; a report does not replace it. Bind "
                    "another one instead."
                ),
                {"task": task.task_id, "path": task.model_path or "–"},
            )
        )


def _wrong_state(task: TrainingTask) -> Refused:
    return Refused(
        Sentence(
            gettext_noop("{task} is {status}; a script names its model while the task is {allowed}."),
            {"task": task.task_id, "status": task.status, "allowed": ", ".join(STATES)},
        )
    )


def _checked(name: str, raw: Any, problem_of: Any, problems: list[Problem]) -> str | None:
    if raw is None or raw == "":
        return None
    params: dict[str, Any] = {"option": name}
    template: str | None = None
    if not isinstance(raw, str):
        template = gettext_noop("{option} must be a text.")
    elif len(raw) > MAX_LENGTH:
        template = gettext_noop("{option} has {length} characters; at most {limit} are kept.")
        params |= {"length": len(raw), "limit": MAX_LENGTH}
    elif any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in raw):
        template = gettext_noop("{option} contains control characters.")
    else:
        template = problem_of(raw)
    if template is None:
        return str(raw)
    problems.append(Problem(name, Sentence(template, params)))
    return None


def _path_problem(path: str) -> str | None:
    if climbs(path):
        return gettext_noop("{option} contains “..”. Write the whole path without it.")
    parts = [part for part in re.split(r"[/\\]", path) if part not in ("", ".")]
    device = path.startswith(("/", "\\")) and parts and f"/{parts[0].lower()}" in _DEVICES
    if device or path.startswith(("\\\\.\\", "\\\\?\\")):
        return gettext_noop("{option} names a device, not a file. Write the path of the model file.")
    return None


def _url_problem(url: str) -> str | None:
    wrong = gettext_noop(
        "{option} must be an address with http:// or https://, or a path that begins with a single slash, without "
        "spaces, backslashes and “..”."
    )
    try:
        parts = urlsplit(url)
    except ValueError:
        return wrong
    if climbs(parts.path) or re.search(r"[\s\\]", url):
        return wrong
    if parts.scheme in ("http", "https"):
        return None if parts.hostname else wrong
    return None if url.startswith("/") and not url.startswith("//") else wrong


def _relative(path: str) -> str:
    """A path below the home without the home; any other label as it stands."""
    pure = PurePosixPath(path)
    for base in (home(), home().resolve()):
        if pure.is_relative_to(base) and pure != PurePosixPath(base):
            return pure.relative_to(base).as_posix()
    return path
