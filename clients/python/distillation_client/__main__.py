"""``python -m distillation_client flush DIR``: send what dead processes left in a buffer directory."""

from __future__ import annotations

import argparse
import logging
import os
import time
from pathlib import Path
from typing import Sequence

from distillation_client.journal import JOURNAL, Journal
from distillation_client.link import Link
from distillation_client.sender import Sender

log = logging.getLogger("distillation_client")


def main(arguments: Sequence[str] | None = None) -> int:
    """Send every journal below the directory, the oldest first; 1 when something is left."""
    parser = argparse.ArgumentParser(
        prog="python -m distillation_client", description="Reports that dead processes left."
    )
    commands = parser.add_subparsers(required=True, metavar="flush")
    flush = commands.add_parser("flush", help="send what is left; the token comes from DISTILLATION_TOKEN")
    flush.add_argument("directory", type=Path, help="the buffer directory, or one task's or run's folder in it")
    flush.add_argument("--server", help="another address than the one that the run used")
    flush.add_argument("--seconds", type=float, default=60.0, help="how long to try (60)")
    found = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    token = os.environ.get("DISTILLATION_TOKEN", "")
    folders = sorted((path.parent for path in found.directory.rglob(JOURNAL)), key=lambda folder: folder.name)
    until, left = time.monotonic() + found.seconds, 0
    for folder in folders:
        journal = Journal.adopt(folder, token)
        if journal is None:
            log.warning("%s is left as it is: its run is alive, or it cannot be read.", folder)
            left += 1
        else:
            left += _send(journal, found.server or journal.server, token, until)
    log.info("%d journals found; %s", len(folders), f"{left} reports or journals are left." if left else "all is sent.")
    return 1 if left else 0


def _send(journal: Journal, server: str, token: str, until: float) -> int:
    """Send one journal; how many reports are left in it."""
    count = len(journal)
    sender = Sender(Link(server, token), [journal], alive=False)
    sender.ending.set()
    sender.start()
    sender.join(max(0.0, until - time.monotonic()))
    sender.halt.set()
    sender.join(15.0)
    left = len(journal)
    refused = f", {sender.rejected} of them refused ({journal.rejected})" if sender.rejected else ""
    why = f", {left} left ({sender.problem or sender.trouble})" if left else ""
    log.info("%s: %d reports sent%s%s.", journal.task, count - left, refused, why)
    return left


if __name__ == "__main__":
    raise SystemExit(main())
