"""The demo from beginning to end. Everything that trains goes through the REST API."""

from __future__ import annotations

import io
import time
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connections

from distillation.management import serving
from distillation.management.demo import report, tasks
from distillation.management.demo.rest import Rest, RestError
from distillation.management.demo.watching import Display, TaskFailed, follow
from distillation.management.installation import Administrator, ensure_administrator, load_samples_once, migrate
from distillation.management.supervisor import Supervisor


def show(display: Display, *, leave: bool) -> None:
    """Run it and, unless ``leave``, keep serving. Raises CommandError when anything failed, Ended on Ctrl-C."""
    number = serving.port()
    serving.require_free_port(serving.LOCAL, number)
    began = time.monotonic()
    admin = _prepare(display)
    connections.close_all()
    logs = Path(settings.DISTILLATION_HOME) / "logs"
    display.say(f"4/6 Starting web and worker on {serving.base_url(number)} (their output: {logs}/) …")
    with serving.supervisor(number, logs=logs, say=display.say) as children:
        serving.wait_until_healthy(children, number)
        problem = _train(Rest(serving.base_url(number), admin.name, admin.password), children, display, began)
        if problem and leave:
            raise CommandError(problem)
        if problem:
            display.say(f"\n{problem}")
        _invite(display, serving.base_url(number), admin)
        if not leave:
            display.say("\nServing until Ctrl-C.")
        while not leave:
            children.sleep(60)


def _prepare(display: Display) -> Administrator:
    display.say(f"1/6 Database: {_database()}")
    migrated = migrate()
    display.say(f"    {migrated} migrations applied." if migrated else "    Up to date.")
    if load_samples_once():
        display.say("    Five sample tasks loaded, marked 示例 (manage.py remove_samples takes them away).")
    admin = ensure_administrator()
    display.say(f"2/6 Administrator {admin.name}: {_about_password(admin)}")
    display.say("3/6 Data sets: 1797 handwritten digits of scikit-learn as PNG files (about 3 s, nothing is fetched) …")
    call_command("create_demo_datasets", stdout=io.StringIO())
    return admin


def _about_password(admin: Administrator) -> str:
    if admin.created:
        return f"password {admin.password} (shown once; kept in {admin.file})"
    return f"password in {admin.file}"


def _database() -> str:
    config = settings.DATABASES["default"]
    where = f"{config['HOST']}:{config['PORT'] or 'default port'}/" if config["HOST"] else ""
    return f"{config['ENGINE'].rsplit('.', 1)[-1]} {where}{config['NAME']}"


def _train(rest: Rest, children: Supervisor, display: Display, began: float) -> str | None:
    """Train and compare; return what went wrong, or None."""
    try:
        display.say("5/6 The large model: ResNet-18 learns from all 1257 labels.")
        display.say("    It stands in for a large model that knows the task already; yours would come from models/.")
        teacher = _run(rest, tasks.TEACHER, "teacher  ", children, display)
        display.say("6/6 Distillation: cnn-tiny learns from 100 labels and the teacher's answers to 1157 unlabelled")
        display.say("    pictures; then the same small model without the teacher, as a control.")
        distilled = _run(rest, tasks.distillation(teacher), "distilled", children, display)
        evaluation = rest.get(f"/tasks/{distilled}/evaluations/latest")
    except (RestError, TaskFailed) as error:
        return f"The demo failed: {error}"
    return _conclude(evaluation, {"teacher": teacher, "distilled": distilled}, display, began)


def _run(rest: Rest, request: dict[str, object], name: str, children: Supervisor, display: Display) -> str:
    task_id: str = rest.post("/tasks", request)["taskId"]
    rest.post(f"/tasks/{task_id}/start")
    follow(rest, task_id, name, children, display)
    return task_id


def _conclude(evaluation: dict[str, object] | None, ids: dict[str, str], display: Display, began: float) -> str | None:
    try:
        content = report.result(evaluation or {}, tasks=ids, seconds=time.monotonic() - began)
    except (KeyError, ValueError, TypeError) as error:
        return f"The demo failed: the evaluation of {ids['distilled']} is incomplete ({error})."
    file = Path(settings.DISTILLATION_HOME) / "demo-result.json"
    report.write(file, content)
    display.say()
    for text in report.table(content):
        display.say(text)
    display.say(f"  {content['seconds']:.0f} s in all. The same figures: {file}")
    if content["gain_points"] < report.NEEDED_GAIN:
        return (
            f"The demo failed: the gain is {content['gain_points']:+.2f} points; "
            f"in this setting at least {report.NEEDED_GAIN:.0f} are expected."
        )
    return None


def _invite(display: Display, base: str, admin: Administrator) -> None:
    display.say()
    display.say(f"  Admin    {base}/admin/")
    display.say(f"  REST     {base}/swagger-ui/")
    display.say(f"  User     {admin.name}, password in {admin.file}")
