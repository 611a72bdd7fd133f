"""The machine and the way in: Python, GPU, fonts, host names, the port and the login."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator

from django.conf import settings
from django.core.management import CommandError
from django.http.request import validate_host

from distillation.jobs import devices
from distillation.management import serving
from distillation.management.demo.rest import Rest, RestError
from distillation.management.doctor.finding import Finding, none, ok, problem
from distillation.management.installation import ADMIN, password_file

NEEDED_PYTHON = (3, 11)


def python() -> Finding:
    """At least 3.11."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    if tuple(sys.version_info[:2]) < NEEDED_PYTHON:
        return problem(
            "Python",
            found,
            "Python 3.11 or newer is needed.",
            "Install it, then: rm -r .venv && PYTHON=python3.11 make setup",
        )
    return ok("Python", f"{found} ({sys.executable})")


def gpu() -> Finding:
    """What NVML says; a machine without a GPU trains on its CPU."""
    try:
        found = devices.driver()
    except devices.NoDriver as error:
        return none("GPU", "–", f"no NVIDIA driver answers ({error}); training runs on the CPU")
    except devices.SilentDevices as error:
        return problem(
            "GPU", str(error), "The driver answers, its devices do not.", "Look at nvidia-smi; reload the driver."
        )
    names = ", ".join(gpu.name for gpu in found.gpus)
    return ok("GPU", f"{names or 'none'} (driver {found.version})")


def fonts() -> Finding:
    """Chinese fonts matter only where a browser runs on this machine: without one it draws boxes."""
    check = "Chinese fonts"
    if shutil.which("fc-list") is None:
        return none(check, "–", "fontconfig is not installed, so no browser draws pages on this machine")
    found = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, timeout=60).stdout
    families = sorted({line.split(",")[0] for line in found.splitlines() if line})
    if not families:
        return none(
            check,
            "none",
            "a browser on this machine would draw boxes for Chinese text (browsers elsewhere use their own fonts); "
            "apt-get install fonts-noto-cjk",
        )
    return ok(check, f"{families[0]}{' …' if len(families) > 1 else ''}")


def hosts() -> Finding:
    """Whether this machine itself is allowed in; health checks and the demo come from here."""
    allowed = settings.ALLOWED_HOSTS
    missing = [name for name in ("127.0.0.1", "localhost") if not validate_host(name, allowed)]
    if missing:
        return problem(
            "Host names",
            f"{', '.join(allowed)}: {' and '.join(missing)} not among them",
            "Requests with another Host header are answered with 400, also this machine's own.",
            "Add them: DISTILLATION_ALLOWED_HOSTS=127.0.0.1,localhost,…",
        )
    return ok("Host names", ", ".join(allowed))


def port() -> Iterator[Finding]:
    """Free, ours, or somebody else's; and when it is ours, whether the login works."""
    try:
        number = serving.port()
    except CommandError as error:
        yield problem("Port", "unusable", str(error), "Unset PORT for 8080.")
        return
    status = serving.health(number)
    if status == 200:
        yield ok("Port", f"{number}: this platform answers")
        yield login(number)
    elif status == 503:
        yield problem("Port", f"{number}: /health/ says 503", "Web runs, its database does not answer.",
                      "See the lines Database and Tables.")  # fmt: skip
    elif reason := serving.port_problem(serving.LOCAL, number):
        answer = f"another program answers with status {status}" if status else reason
        yield problem(
            "Port",
            f"{number}: {answer}",
            "Another program listens there, or the port needs more rights.",
            f"Choose another one: PORT={number + 1} make run",
        )
    else:
        yield none("Port", f"{number} is free", "nothing is served now; make run serves")


def login(number: int) -> Finding:
    """Ask the API with the password of the file."""
    check = "REST login"
    try:
        password = password_file().read_text().strip()
    except OSError:
        return none(check, "not tried", "no password file; every request needs a user: curl -u user:password …")
    try:
        Rest(serving.base_url(number), ADMIN, password).get("/tasks/recent?limit=1")
    except RestError as error:
        return problem(
            check,
            str(error),
            "401 means a wrong user or password, or a header that a proxy removed.",
            f"curl -u {ADMIN}:$(cat {password_file()}) …; a new password: manage.py changepassword {ADMIN}",
        )
    public = "reading needs no login" if settings.DISTILLATION_PUBLIC_READ else "without a login it answers 401"
    return ok(check, f"works for {ADMIN}; {public}")


def checks() -> Iterator[Finding]:
    """Everything about the machine."""
    yield python()
    yield gpu()
    yield fonts()
    yield hosts()
    yield from port()
