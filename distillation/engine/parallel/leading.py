"""The leader's side: start the other processes of an arm, notice when one of them ends, and leave none behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from distillation.contract import events as kinds
from distillation.contract import exit_codes
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.engine.context import Context
from distillation.engine.failures import PeerLost
from distillation.engine.parallel import meeting, peer
from distillation.engine.parallel.team import ALONE, Team, Together
from distillation.engine.stopping import Stopped

LOOK_SECONDS = 0.05
NOTICE_SECONDS = 10.0
"""A dead process breaks its connections; where the leader does not notice, waiting in a driver, it is ended."""
END_SECONDS = 10.0
"""For the others to end by themselves after the last step."""


@contextmanager
def team(context: Context, arm: str, epochs: int | None) -> Iterator[Team]:
    """Who trains the arm: this process alone, or with others, which are ended when the block is left.

    Raises Refused and PeerLost when one of them ends before it should, Stopped while they begin.
    """
    size = context.spec.train.world_size
    if size == 1:
        yield ALONE
        return
    store = meeting.open_store(size)
    others = _Others(context, [_order(context, arm, epochs, rank, store.port) for rank in range(1, size)])
    try:
        others.wait_until_ready()
        meeting.meet(store, 0, size, context.spec.device)
        context.events.log(
            "info", Sentence(gettext_noop("Each batch is shared by {count} processes, one a device."), {"count": size})
        )
        yield Together(0, size, context.spec.device)
        others.end(END_SECONDS)
    except (Stopped, Refused):
        others.end(END_SECONDS)
        raise
    except Exception as error:
        lost = others.lost(NOTICE_SECONDS)
        if lost is None:
            raise
        raise lost from error
    finally:
        others.end(0.0)
        meeting.part()


def _order(context: Context, arm: str, epochs: int | None, rank: int, port: int) -> dict[str, Any]:
    return {
        "root": str(context.run_dir.root),
        "home": str(context.home),
        "arm": arm,
        "epochs": epochs,
        "rank": rank,
        "port": port,
    }


class _Other:
    """One other process, in the leader's process group; its standard input ends with the leader."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.rank = int(order["rank"])
        self.ready, self.ended = threading.Event(), threading.Event()
        self.said: dict[str, Any] = {}
        """What it reported last."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", peer.__name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdin is not None  # noqa: S101 - pipes, as asked for
        with suppress(BrokenPipeError):  # it has ended: that is noticed below
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
        threading.Thread(target=self._listen, name=f"peer-{self.rank}", daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 - a pipe, as asked for
        for line in self.process.stdout:
            self.said = json.loads(line)
            if peer.READY in self.said:
                self.ready.set()
        self.process.wait()
        self.ended.set()

    @property
    def failed(self) -> bool:
        """Whether it ended otherwise than after the last step or a stop."""
        return self.ended.is_set() and self.process.returncode not in (exit_codes.COMPLETED, exit_codes.STOPPED)

    def why(self) -> Exception:
        """Its end as an error of the run."""
        if peer.REFUSED in self.said:
            return Refused(Sentence.from_json(self.said[peer.REFUSED]))
        code = self.process.returncode
        reason = self.said.get(peer.CRASHED) or (f"signal {-code}" if code < 0 else f"code {code}")
        return PeerLost(
            Sentence(
                gettext_noop(
                    "Process {rank} of those that train together ended ({reason}); all were ended with it. The run "
                    "goes on from its last checkpoint."
                ),
                {"rank": self.rank, "reason": reason},
            )
        )


class _Others:
    """All other processes."""

    def __init__(self, context: Context, orders: list[dict[str, Any]]) -> None:
        self._context = context
        self._others: list[_Other] = []
        self._over = threading.Event()
        try:
            for order in orders:
                self._others.append(_Other(order))
        except OSError:
            self.end(0.0)
            raise
        threading.Thread(target=self._guard, name="peers-guard", daemon=True).start()

    def wait_until_ready(self) -> None:
        """Until each has opened the data and stands where the leader stands. Raises as :func:`team`."""
        deadline = time.monotonic() + meeting.TIMEOUT.total_seconds()
        while not all(other.ready.is_set() for other in self._others):
            self._context.stop.check()
            if (lost := self.lost(0.0)) is not None:
                raise lost
            if time.monotonic() > deadline:
                raise TimeoutError("the other processes did not get ready")
            time.sleep(LOOK_SECONDS)

    def lost(self, patience: float) -> Exception | None:
        """The error of the first that failed; one whose connection broke is given some time to be gone."""
        deadline = time.monotonic() + patience
        while True:
            failed = [other for other in self._others if other.failed]
            if failed:
                # One that lost its connection to another follows it: what was refused or killed came first.
                return min(failed, key=lambda other: peer.CRASHED in other.said).why()
            if time.monotonic() >= deadline:
                return None
            time.sleep(LOOK_SECONDS)

    def end(self, patience: float) -> None:
        """Let them end by themselves for a while, then kill them. May be called again."""
        self._over.set()
        deadline = time.monotonic() + patience
        for other in self._others:
            other.ended.wait(max(0.0, deadline - time.monotonic()))
            if not other.ended.is_set():
                other.process.kill()
                other.ended.wait()
            if other.process.stdin is not None:
                with suppress(BrokenPipeError):
                    other.process.stdin.close()

    def _guard(self) -> None:
        """End this process where a dead one leaves it waiting for ever."""
        while not self._over.wait(LOOK_SECONDS):
            lost = self.lost(0.0)
            if lost is None:
                continue
            if self._over.wait(NOTICE_SECONDS):
                return
            traceback.print_exception(lost, file=sys.stderr)
            assert isinstance(lost, Refused | PeerLost)  # noqa: S101 - what lost() makes
            with suppress(OSError):
                self._context.events.emit(kinds.FAILED, sentence=lost.sentence.as_json())
            for other in self._others:
                other.process.kill()
            os._exit(exit_codes.FAILED if isinstance(lost, Refused) else exit_codes.CRASHED)
