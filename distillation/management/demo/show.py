"""The demo from beginning to end. Everything that trains goes through the REST API."""

from __future__ import annotations

import time
from pathlib import Path

from django.conf import settings
from django.core.management import CommandError
from django.db import connections

from distillation.management import serving
from distillation.management.demo.rest import Rest
from distillation.management.demo.story import Story
from distillation.management.demo.watching import Display
from distillation.management.installation import Administrator, ensure_administrator, load_samples_once, migrate


def show(display: Display, story: Story, *, leave: bool) -> None:
    """Run it and, unless ``leave``, keep serving. Raises CommandError when anything failed, Ended on Ctrl-C."""
    number = serving.port()
    serving.require_free_port(serving.LOCAL, number)
    began = time.monotonic()
    admin = _prepare(display, story)
    connections.close_all()
    logs = Path(settings.DISTILLATION_HOME) / "logs"
    display.say(f"4/{story.steps} Starting web and worker on {serving.base_url(number)} (their output: {logs}/) …")
    with serving.supervisor(number, logs=logs, say=display.say) as children:
        serving.wait_until_healthy(children, number)
        problem = story.tell(Rest(serving.base_url(number), admin.name, admin.password), children, display, began)
        if problem and leave:
            raise CommandError(problem)
        if problem:
            display.say(f"\n{problem}")
        _invite(display, serving.base_url(number), admin)
        if not leave:
            display.say("\nServing until Ctrl-C.")
        while not leave:
            children.sleep(60)


def _prepare(display: Display, story: Story) -> Administrator:
    display.say(f"1/{story.steps} Database: {_database()}")
    migrated = migrate()
    display.say(f"    {migrated} migrations applied." if migrated else "    Up to date.")
    if load_samples_once():
        display.say("    Five sample tasks loaded, marked 示例 (manage.py remove_samples takes them away).")
    admin = ensure_administrator()
    display.say(f"2/{story.steps} Administrator {admin.name}: {_about_password(admin)}")
    story.make_data(display)
    return admin


def _about_password(admin: Administrator) -> str:
    if admin.created:
        return f"password {admin.password} (shown once; kept in {admin.file})"
    return f"password in {admin.file}"


def _database() -> str:
    config = settings.DATABASES["default"]
    where = f"{config['HOST']}:{config['PORT'] or 'default port'}/" if config["HOST"] else ""
    return f"{config['ENGINE'].rsplit('.', 1)[-1]} {where}{config['NAME']}"


def _invite(display: Display, base: str, admin: Administrator) -> None:
    display.say()
    display.say(f"  Admin    {base}/admin/")
    display.say(f"  REST     {base}/swagger-ui/")
    display.say(f"  User     {admin.name}, password in {admin.file}")
