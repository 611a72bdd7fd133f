"""Binding a model that was trained elsewhere to a task: check the file, perhaps convert it, complete the task.

A request is answered within seconds. What takes longer is done by a process of its own (``manage.py bind_model``),
which outlives the web process and writes the end itself: the task is COMPLETED, or shows why not. Only the last step
writes the row, so a check that is killed leaves nothing half-bound, and the same request may simply be sent again.
"""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from distillation import lifecycle
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.jobs.conversion import converted
from distillation.models import TrainingTask
from distillation.services import audit, model_files
from distillation.services.audit import audited
from distillation.storage.model_layout import use_problem
from distillation.storage.opening import OpenFile

log = logging.getLogger(__name__)

HASH_SECONDS = 3.0
"""As long a request reads a file itself; about 1 to 3 GB from a warm disk."""
ANSWER_SECONDS = 6.0
"""As long a request waits for the other process; a legacy client gives up after 10."""
LONGEST_SECONDS = 30 * 60.0
_ON_ITS_OWN = b"go on\n"
"""What the request says to the other process when it waits no longer."""


def bind(task: TrainingTask, actor: str, model_path: Any) -> Sentence:
    """Check the model and bind it, or leave that to another process; the sentence says which.

    Raises InvalidRequest and Refused, with row and disk as they were.
    """
    begun = time.monotonic()
    lifecycle.require("bind", task)
    with model_files.open_model(model_path) as file:
        name = model_files.stored_path(file)
        model_files.check_content(file)
        if file.path.suffix not in model_files.PICKLED:
            digest = model_files.sha256(file, begun + HASH_SECONDS)
            if digest is not None:
                return _finish(task, actor, file, digest)
    return _elsewhere(task, actor, name, begun + ANSWER_SECONDS)


def bind_here(task: TrainingTask, actor: str, model_path: str) -> Sentence:
    """Check the model and bind it, however long that takes. Raises InvalidRequest and Refused."""
    until = time.monotonic() + LONGEST_SECONDS
    lifecycle.require("bind", task)
    with model_files.open_model(model_path) as file:
        model_files.check_content(file)
        if file.path.suffix not in model_files.PICKLED:
            return _finish(task, actor, file, _checksum(file, until))
        path = converted(file, _checksum(file, until), until)
    with model_files.open_model(str(path)) as file:
        model_files.check_content(file)
        return _finish(task, actor, file, _checksum(file, until))


def bind_for_request(task: TrainingTask, actor: str, model_path: str) -> None:
    """The other process: bind, tell the request that waits, and when it waits no longer keep a refusal in the row."""
    refusal: Sentence | None = None
    try:
        verdict = {"done": bind_here(task, actor, model_path).as_json()}
    except InvalidRequest as invalid:
        refusal = invalid.problems[0].sentence
        verdict = {"invalid": refusal.as_json()}
    except Refused as refused:
        refusal = refused.sentence
        verdict = {"refused": refusal.as_json()}
    except Exception as error:
        log.exception("%s: the model %s could not be checked", task.task_id, model_path)
        refusal = _unexpected(model_path, error)
        verdict = {"refused": refusal.as_json()}
    try:
        os.write(sys.stdout.fileno(), json.dumps(verdict).encode() + b"\n")
    except BrokenPipeError:
        log.info("%s: the request waits no longer", task.task_id)
    on_its_own = sys.stdin.buffer.readline() == _ON_ITS_OWN  # an end without it: the verdict was read, or web died
    if refusal is not None and on_its_own:
        failed = Sentence(
            gettext_noop("The model {path} was not bound: {why}"), {"path": model_path, "why": refusal.as_json()}
        )
        lifecycle.fail_binding(task, actor, failed)


def _finish(task: TrainingTask, actor: str, file: OpenFile, digest: str) -> Sentence:
    path = model_files.stored_path(file)
    url = f"/model-distillation/tasks/{task.task_id}/model"
    with audited("bind_model", task, actor):
        lifecycle.bind_model(task, actor, model_path=path, model_sha256=digest, model_url=url)
    problem = use_problem(file.path)
    if problem is None:
        return Sentence(gettext_noop("{task} has the model {path} now."), {"task": task.task_id, "path": path})
    return Sentence(
        gettext_noop("{task} has the model {path} now, but it cannot be used yet. {problem}"),
        {"task": task.task_id, "path": path, "problem": problem.as_json()},
    )


def _elsewhere(task: TrainingTask, actor: str, path: str, until: float) -> Sentence:
    before = audit.facts(task)
    process = _start(task.task_id, actor, path)
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
    with process.stdin as word, process.stdout as answer:
        ready = select.poll()
        ready.register(answer, select.POLLIN)
        if ready.poll(max(0.0, until - time.monotonic()) * 1000):
            line = answer.readline()
            word.close()
            process.wait()
            said = _verdict(line, path)
            task.refresh_from_db()
            audit.note("bind_model", task, actor, before)
            return said
        with transaction.atomic():
            lifecycle.begin_binding(task, actor, path)
            audit.write("bind_model", task, actor, {}, {"model_path": path, "checked_in": "background"})
        word.write(_ON_ITS_OWN)
    threading.Thread(target=process.wait, daemon=True).start()  # no zombie
    return Sentence(
        gettext_noop(
            "The model {path} is being checked in the background. {task} becomes COMPLETED when it is in order, else "
            "its error message says why; nothing else changes. If neither happens, send the request again."
        ),
        {"path": path, "task": task.task_id},
    )


def _start(task_id: str, actor: str, path: str) -> subprocess.Popen[bytes]:
    """A session of its own: the restart of the web process does not end it."""
    command = [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "bind_model", "--for-request"]
    return subprocess.Popen(
        [*command, f"--actor={actor}", "--", task_id, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=settings.BASE_DIR,
        env={**os.environ, "DISTILLATION_HOME": str(settings.DISTILLATION_HOME)},
        start_new_session=True,
    )


def _verdict(line: bytes, path: str) -> Sentence:
    try:
        ((kind, sentence),) = json.loads(line).items()
        found = Sentence.from_json(sentence)
    except (ValueError, AttributeError, KeyError, TypeError):
        raise Refused(_unexpected(path, None)) from None
    if kind == "invalid":
        raise InvalidRequest([Problem(model_files.FIELD, found)])
    if kind == "refused":
        raise Refused(found)
    return found


def _checksum(file: OpenFile, until: float) -> str:
    digest = model_files.sha256(file, until)
    if digest is None:
        raise model_files.wrong(
            gettext_noop("{path} could not be read within {minutes} minutes. Copy it to a faster disk."),
            file.path,
            minutes=int(LONGEST_SECONDS // 60),
        )
    return digest


def _unexpected(path: str, error: Exception | None) -> Sentence:
    return Sentence(
        gettext_noop("The check of {path} ended unexpectedly ({error}); the server's log says more. Send it again."),
        {"path": path, "error": type(error).__name__ if error else "–"},
    )
