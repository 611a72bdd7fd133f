"""``python -m distillation.engine.parallel.peer``: a process that trains along with an engine. Started by it alone.

Reads its order, one JSON line, from standard input and reports on standard output. The end of standard input is the
leader's death or its wish: this process ends at once then, whatever it is doing. Torch is loaded after the watch for
that is in place.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import traceback
from typing import Any

from distillation.contract import exit_codes
from distillation.contract.sentence import Refused
from distillation.engine.stopping import Stopped

READY, REFUSED, CRASHED = "ready", "refused", "crashed"


def main() -> int:
    """Follow the order; return the exit code."""
    for number in (signal.SIGTERM, signal.SIGINT):  # a whole group may be asked to stop: the leader says when
        signal.signal(number, signal.SIG_IGN)
    order = json.loads(sys.stdin.buffer.readline())
    reports = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print goes into the engine's log

    def report(kind: str, content: Any = None) -> None:
        reports.write(json.dumps({kind: content}) + "\n")
        reports.flush()

    threading.Thread(target=_end_with_the_leader, name="leader-watch", daemon=True).start()
    try:
        importlib.import_module("distillation.engine.parallel.following").follow(order, lambda: report(READY))
        return exit_codes.COMPLETED
    except Stopped:
        return exit_codes.STOPPED
    except Refused as refused:
        report(REFUSED, refused.sentence.as_json())
        return exit_codes.FAILED
    except Exception as error:  # noqa: BLE001 - the border: whatever it was is the leader's to tell
        traceback.print_exception(error, file=sys.stderr)
        report(CRASHED, " ".join(f"{type(error).__name__}: {error}".split())[:300])
        return exit_codes.CRASHED


def _end_with_the_leader() -> None:
    while os.read(0, 4096):
        pass
    os._exit(exit_codes.STOPPED)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # nothing is left to do, and libraries with threads of their own may abort on the way out
