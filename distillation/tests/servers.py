"""Servers that some tests need: the one that is given, the one that runs, or one of our own.

``from distillation.tests.servers import mysql_url`` makes the fixture known to a test module. Without a server
the test is skipped with one loud line; under ``CI=true`` it fails, so that nothing is left out unseen.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import MySQLdb
import psycopg
import pytest

LOCAL = "mysql://root@127.0.0.1:3306"
LOCAL_POSTGRES = "postgres://postgres@127.0.0.1:5432"
START_SECONDS = 60


class NoServer(Exception):  # noqa: N818 - it says what is missing
    """Neither given, nor running, nor installed."""


@pytest.fixture(scope="session")
def mysql_url() -> Iterator[str]:
    """``mysql://user[:password]@host:port`` of a server on which a login worked; make databases of your own."""
    try:
        with mysql_server() as url:
            yield url
    except NoServer as missing:
        line = f"NO MYSQL SERVER: {missing}"
        if os.environ.get("CI") == "true":
            pytest.fail(line, pytrace=False)
        pytest.skip(line)


@pytest.fixture
def mysql_database(mysql_url: str) -> Iterator[str]:
    """``DATABASE_URL`` of an empty database that is dropped afterwards."""
    name = f"test_distillation_{secrets.token_hex(4)}"
    _execute(mysql_url, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield f"{mysql_url}/{name}"
    _execute(mysql_url, f"DROP DATABASE {name}")


@contextlib.contextmanager
def mysql_server() -> Iterator[str]:
    """``mysql://…`` without a database. Raises NoServer."""
    with _server("TEST_MYSQL_URL", LOCAL, login_problem, _own_mariadb) as url:
        yield url


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """``postgres://…`` without a database. Raises NoServer."""
    with _server("TEST_POSTGRES_URL", LOCAL_POSTGRES, postgres_problem, _own_postgres) as url:
        yield url


def login_problem(url: str) -> str | None:
    """Why nobody can log in there, or None: a port that is open proves nothing."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 3306
    try:
        socket.create_connection((host, port), timeout=3).close()
        connection = _connect(url)
    except (OSError, MySQLdb.Error) as error:
        return f"no login on {host}:{port} ({error})"
    connection.close()
    return None


def postgres_problem(url: str) -> str | None:
    """Why nobody can log in there, or None."""
    try:
        psycopg.connect(f"{url.replace('postgres://', 'postgresql://')}/postgres", connect_timeout=5).close()
    except psycopg.Error as error:
        return f"no login on {urlsplit(url).netloc} ({' '.join(str(error).split())})"
    return None


@contextlib.contextmanager
def _server(
    variable: str, local: str, problem_of: Callable[[str], str | None], own: Callable[[Path, str], Iterator[str]]
) -> Iterator[str]:
    given = os.environ.get(variable)
    url = (given or local).rstrip("/")
    problem = problem_of(url)
    if problem is None:
        yield url
    elif given:
        raise NoServer(f"{variable}: {problem}")
    else:
        with tempfile.TemporaryDirectory(prefix="server-") as folder:
            yield from own(Path(folder), problem)


def _connect(url: str) -> MySQLdb.Connection:
    parts = urlsplit(url)
    return MySQLdb.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        connect_timeout=5,
    )


def _execute(url: str, statement: str) -> None:
    with contextlib.closing(_connect(url)) as connection:
        connection.cursor().execute(statement)


def _own_mariadb(folder: Path, problem: str) -> Iterator[str]:
    """Run a server in the folder as long as it is needed."""
    if shutil.which("mariadbd") is None:
        raise NoServer(f"{problem}; and mariadbd is not installed (apt-get install mariadb-server)")
    data, port = folder / "data", _free_port()
    user = ["--user=root"] if os.geteuid() == 0 else []
    install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
    subprocess.run([*install, *user], check=True, capture_output=True)
    options = [f"--datadir={data}", f"--port={port}", f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}"]
    command = ["mariadbd", "--no-defaults", *options, "--bind-address=127.0.0.1", *user]
    yield from _running(command, f"mysql://root@127.0.0.1:{port}", folder / "log", login_problem)


def _own_postgres(folder: Path, problem: str) -> Iterator[str]:
    """Run a server in the folder as long as it is needed; PostgreSQL refuses to run as root."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [
        Path(found).parent for found in [shutil.which("initdb")] if found
    ]
    if not programs:
        raise NoServer(f"{problem}; and PostgreSQL is not installed (apt-get install postgresql)")
    user = None
    if os.geteuid() == 0:
        user = "postgres"
        folder.chmod(0o755)
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data, port = folder / "data", _free_port()
    subprocess.run(
        [programs[-1] / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"], check=True,
        capture_output=True, user=user, cwd=folder,
    )  # fmt: skip
    command = [str(programs[-1] / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder), "-h", "127.0.0.1"]
    yield from _running(command, f"postgres://postgres@127.0.0.1:{port}", folder / "log", postgres_problem, user)


def _running(
    command: list[str], url: str, log: Path, problem_of: Callable[[str], str | None], user: str | None = None
) -> Iterator[str]:
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, user=user, cwd=log.parent)
        try:
            until = time.monotonic() + START_SECONDS
            while problem_of(url) is not None:
                if server.poll() is not None or time.monotonic() > until:
                    raise NoServer(f"{command[0]} did not start: {log.read_text(errors='replace')[-500:]}")
                time.sleep(0.2)
            yield url
        finally:
            server.terminate()
            server.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
