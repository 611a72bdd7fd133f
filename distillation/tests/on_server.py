"""Run tests with another database than SQLite: ``python -m distillation.tests.on_server mysql|postgres [pytest …]``.

The server is the one that is given, the one that runs, or one that is started for this; without one nothing is run,
which is told in one loud line and, for MySQL under ``CI=true``, is a failure.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys

from distillation.tests.servers import NoServer, mysql_server, postgres_server

SERVERS = {"mysql": mysql_server, "postgres": postgres_server}


def main(kind: str, arguments: list[str]) -> int:
    """Run pytest with the arguments on the server; its status."""
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(SERVERS[kind]())
        except NoServer as missing:
            print(f"NO {kind.upper()} SERVER, NOTHING WAS TESTED: {missing}", file=sys.stderr)  # noqa: T201
            return int(kind == "mysql" and os.environ.get("CI") == "true")
        # Django puts test_ before the name; two runs at once must not share a database.
        environment = {**os.environ, "DATABASE_URL": f"{url}/suite_{secrets.token_hex(3)}"}
        return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
