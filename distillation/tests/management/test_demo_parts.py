"""The demo's parts: what it asks for, what it shows, what it makes of the evaluation, and when it calls it failed."""

from __future__ import annotations

import io
import json
import re
import socket
import stat
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from distillation.contract.request import parse
from distillation.management import installation, serving
from distillation.management.demo import report, tasks, watching
from distillation.management.demo.classification import conclude
from distillation.management.demo.rest import Rest, RestError, UnreachableError, _data
from distillation.management.demo.watching import Display, TaskFailed, follow, line
from distillation.management.installation import ensure_administrator, password_file

TASK = {
    "taskId": "TASK_1",
    "status": "RUNNING",
    "phase": "student",
    "progress": 50,
    "currentEpoch": 4,
    "totalEpochs": 8,
    "attempt": 1,
    "loss": 0.12345,
    "accuracy": 97.5,
    "waitingReason": None,
    "errorMessage": None,
}


def part(accuracy: float, parameters: int = 1626) -> dict[str, float]:
    return {"accuracy": accuracy, "parameters": parameters, "bytes": 7000, "images_per_second": 50000.5}


def evaluation(distilled: float, control: float | None) -> dict[str, object]:
    details = part(distilled) | {
        "teacher": part(98.5, 11_172_810),
        "control": None if control is None else part(control),
    }
    return {"detailedResults": json.dumps(details), "evalSampleCount": 540}


class Answers(Rest):
    """A platform that answers what the test lists."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)

    def get(self, path: str) -> object:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Children:
    """Nothing to supervise."""

    def sleep(self, seconds: float) -> None: ...


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def watch(rest: Rest, stream: io.StringIO) -> dict[str, object]:
    return follow(rest, "TASK_1", "teacher", Children(), Display(stream))  # type: ignore[arg-type]


def test_both_requests_keep_to_the_catalogue():
    teacher = parse(tasks.TEACHER)
    student = parse(tasks.distillation("TASK_1"))
    assert teacher.direct
    assert student.values["control"] is True
    assert (student.values["temperature"], student.values["alpha"]) == (4, 0.9)
    assert (student.values["learningRate"], student.values["batchSize"], student.values["totalEpochs"]) == (
        0.003,
        64,
        30,
    )


def test_the_figures_are_those_of_the_evaluation():
    content = report.result(evaluation(95.2, 85.1), tasks={}, seconds=60)
    assert content["gain_points"] == 10.1
    assert content["distilled"] == part(95.2)
    assert content["control"]["accuracy"] == 85.1
    text = "\n".join(report.table(content))
    assert re.search(r"teacher +11,172,810 +98.50 % +7.0 kB +50,000", text)
    assert "+10.10 points" in text
    assert "No gain is claimed in general" in text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (evaluation(90.0, 85.1), "at least 5 are expected"),
        (evaluation(95.2, None), "no figures of: control"),
        (None, "incomplete"),
        ({"detailedResults": "{}"}, "incomplete"),
    ],
    ids=["a small gain", "no control", "no evaluation", "no figures"],
)
def test_the_demo_fails_without_a_gain(answer, sentence: str):
    problem = conclude(answer, {"teacher": "a", "distilled": "b"}, Display(io.StringIO()), 0.0)
    assert problem is not None
    assert sentence in problem


def test_the_demo_writes_its_figures_beside_the_table(home: Path):
    assert conclude(evaluation(95.2, 85.1), {"teacher": "a", "distilled": "b"}, Display(io.StringIO()), 0.0) is None
    content = json.loads((home / "demo-result.json").read_text())
    assert content["gain_points"] == 10.1
    assert content["tasks"] == {"teacher": "a", "distilled": "b"}
    assert [path.name for path in home.glob("*demo-result*")] == ["demo-result.json"]


def test_a_line_shows_epoch_loss_and_accuracy_and_a_waiting_one_its_reason():
    text = line("teacher", TASK, 12.0)
    assert "50 %  student 4/8  loss 0.1235  accuracy 97.50 %  12 s" in text
    assert text.count("█") == text.count("·") == 12
    waiting = TASK | {"status": "QUEUED", "waitingReason": "No worker is running.", "loss": None}
    assert "No worker is running." in line("teacher", waiting, 0)
    assert "loss" not in line("teacher", waiting, 0)


def test_a_terminal_gets_one_redrawn_line_and_a_file_gets_lines():
    steps = [TASK | {"progress": n, "phase": "student"} for n in (10, 20)] + [TASK | {"status": "COMPLETED"}]
    terminal, file = Terminal(), io.StringIO()
    watch(Answers(*steps), terminal)
    watch(Answers(*steps), file)
    assert terminal.getvalue().count("\n") == 1
    assert terminal.getvalue().count("\r") == 3
    assert "\r" not in file.getvalue()
    assert file.getvalue().count("\n") == 2  # the first state and the end; the step between came within 5 s


@pytest.mark.parametrize(("status", "message"), [("FAILED", "the disk is full"), ("STOPPED", None), ("PAUSED", None)])
def test_a_task_that_ends_otherwise_fails_the_demo_with_its_sentence(status: str, message: str | None):
    with pytest.raises(TaskFailed, match=f"{status}: {message or 'somebody stopped'}"):
        watch(Answers(TASK | {"status": status, "errorMessage": message}), io.StringIO())


def test_a_restart_of_web_is_waited_for_and_a_lasting_absence_is_told(monkeypatch):
    away = UnreachableError("no answer")
    assert watch(Answers(away, away, TASK | {"status": "COMPLETED"}), io.StringIO())["status"] == "COMPLETED"
    monkeypatch.setattr(watching, "UNREACHABLE", -1.0)
    with pytest.raises(TaskFailed, match="has not answered"):
        watch(Answers(away), io.StringIO())


def test_a_standstill_is_not_waited_for_without_end(monkeypatch):
    monkeypatch.setattr(watching, "STANDSTILL", -1.0)
    with pytest.raises(TaskFailed, match="has not moved"):
        watch(Answers(TASK), io.StringIO())


@pytest.mark.parametrize("code", [404, "8888"])
def test_the_client_raises_the_sentence_in_both_error_styles(code):
    with pytest.raises(RestError, match="There is no task"):
        _data("GET /x", json.dumps({"code": code, "message": "There is no task X.", "data": None}).encode())
    assert _data("GET /x", b'{"code": 200, "message": "OK", "data": [1]}') == [1]
    with pytest.raises(RestError, match="without the envelope"):
        _data("GET /x", b"<html>")


@pytest.mark.django_db
def test_the_password_is_random_private_and_told_once():
    first, second = ensure_administrator(), ensure_administrator()
    assert (first.created, second.created) == (True, False)
    assert first.password == second.password == password_file().read_text().strip()
    assert stat.S_IMODE(password_file().stat().st_mode) == 0o600
    assert len(first.password) >= 16
    user = User.objects.get(username="admin")
    assert user.is_superuser
    assert user.check_password(first.password)


@pytest.mark.django_db
def test_a_changed_password_is_not_reset_behind_its_owners_back():
    ensure_administrator()
    password_file().write_text("other")
    with pytest.raises(CommandError, match="changepassword admin"):
        ensure_administrator()
    password_file().unlink()
    with pytest.raises(CommandError, match="does not hold its password"):
        ensure_administrator()


@pytest.mark.django_db
def test_a_new_database_takes_over_the_password_that_is_there():
    password_file().write_text("kept-from-before\n")
    assert ensure_administrator().password == "kept-from-before"


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_taken_port_is_refused_with_a_way_out(command: str, monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("PORT", str(other.getsockname()[1]))
        with pytest.raises(CommandError, match=r"Address already in use.*PORT="):
            call_command(command)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "８０"])
def test_a_port_that_is_none_is_refused(text: str, monkeypatch):
    monkeypatch.setenv("PORT", text)
    with pytest.raises(CommandError, match="number from 1 to 65535"):
        serving.port()


@pytest.mark.django_db
def test_serving_without_tables_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr("distillation.management.commands.serve.pending_migrations", lambda: ["distillation.0001"])
    monkeypatch.setattr(serving, "port_problem", lambda host, number: None)
    with pytest.raises(CommandError, match=r"tables are missing.*manage.py migrate"):
        call_command("serve")


@pytest.mark.django_db
def test_nothing_is_migrated_twice():
    assert installation.pending_migrations() == []
    assert installation.migrate() == 0
