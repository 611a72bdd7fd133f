"""Servers that some tests need: the one that is given, the one that runs, or one of our own.

``from distillation.tests.servers import mysql_url`` makes the fixture known to a test module. Without a server
the test is skipped with one loud line; under ``CI=true`` it fails, so that nothing is left out unseen.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import MySQLdb
import pytest

LOCAL = "mysql://root@127.0.0.1:3306"
START_SECONDS = 60


@pytest.fixture(scope="session")
def mysql_url() -> Iterator[str]:
    """``mysql://user[:password]@host:port`` of a server on which a login worked; make databases of your own."""
    given = os.environ.get("TEST_MYSQL_URL")
    url = (given or LOCAL).rstrip("/")
    problem = login_problem(url)
    if problem is None:
        yield url
    elif given:
        _missing(f"TEST_MYSQL_URL: {problem}")
    elif shutil.which("mariadbd") is None:
        _missing(f"{problem}; and mariadbd is not installed (apt-get install mariadb-server)")
    else:
        with tempfile.TemporaryDirectory(prefix="mariadb-") as folder:
            yield from _own_mariadb(Path(folder))


@pytest.fixture
def mysql_database(mysql_url: str) -> Iterator[str]:
    """``DATABASE_URL`` of an empty database that is dropped afterwards."""
    name = f"test_distillation_{secrets.token_hex(4)}"
    _execute(mysql_url, f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    yield f"{mysql_url}/{name}"
    _execute(mysql_url, f"DROP DATABASE {name}")


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


def _missing(why: str) -> None:
    line = f"NO MYSQL SERVER: {why}"
    if os.environ.get("CI") == "true":
        pytest.fail(line, pytrace=False)
    pytest.skip(line)


def _own_mariadb(folder: Path) -> Iterator[str]:
    """Run a server in the folder for the time of the session."""
    data, port = folder / "data", _free_port()
    user = ["--user=root"] if os.geteuid() == 0 else []
    install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
    subprocess.run([*install, *user], check=True, capture_output=True)
    log = (folder / "log").open("wb")
    options = [f"--datadir={data}", f"--port={port}", f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}"]
    server = subprocess.Popen(
        ["mariadbd", "--no-defaults", *options, "--bind-address=127.0.0.1", *user], stdout=log, stderr=log
    )
    url = f"mysql://root@127.0.0.1:{port}"
    try:
        until = time.monotonic() + START_SECONDS
        while login_problem(url) is not None:
            if server.poll() is not None or time.monotonic() > until:
                _missing(f"mariadbd did not start: {(folder / 'log').read_text(errors='replace')[-500:]}")
            time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
