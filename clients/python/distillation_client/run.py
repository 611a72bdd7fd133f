"""What a training script calls. A call puts a report into a queue and returns: two threads do the rest."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import queue
import re
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Callable, Mapping, TypeVar, cast

from distillation_client.journal import BUFFER_BYTES, CAN_LOCK, Journal, now
from distillation_client.link import Link
from distillation_client.sender import Sender
from distillation_client.values import curve, figure, known, message, recorded

GATHER_SECONDS = 0.1
"""How long metric points are gathered before they are written; what a killed process may lose of them."""
WRITTEN_SECONDS = 0.05
"""How long another report waits at most for being written, so that it survives a kill right after the call."""
RELEASE_SECONDS = 0.5
"""How long the end waits beyond its time for the thread to let go of the journal."""
QUEUED_POINTS = 100_000
log = logging.getLogger("distillation_client")
Method = TypeVar("Method", bound=Callable[..., Any])


def _harmless(method: Method) -> Method:
    """Nothing that goes wrong with a report may reach the training."""

    @functools.wraps(method)
    def guarded(self: Run, *args: Any, **figures: Any) -> Any:
        if not self._reports or os.getpid() != self._pid:  # a forked child has no threads to report with
            return self if method.__name__ == "start" else None
        try:
            return method(self, *args, **figures)
        except Exception as error:  # noqa: BLE001 - see above
            log.warning("run.%s(): nothing is reported (%s: %s).", method.__name__, type(error).__name__, error)
            return self if method.__name__ == "start" else None

    return cast("Method", guarded)


class Run:
    """One run of an external task.

    ``server``: http(s)://host:port. ``token``: of the task, else from DISTILLATION_TOKEN. ``buffer_dir``: where
    reports wait, else DISTILLATION_BUFFER_DIR, else ~/.distillation-client; ``buffer_bytes``: how much of a disk they
    may take before the oldest metric points are dropped. ``exit_seconds``: how long the end waits for what is left.
    ``rank``: only rank 0 reports; RANK of the environment when None. ``timeout``: seconds for one answer.
    """

    def __init__(
        self,
        server: str,
        *,
        task: str,
        token: str | None = None,
        buffer_dir: str | os.PathLike[str] | None = None,
        buffer_bytes: int = BUFFER_BYTES,
        exit_seconds: float = 30.0,
        timeout: float = 10.0,
        rank: int | None = None,
    ) -> None:
        self.task = str(task)
        self._reports = (os.environ.get("RANK", "0").strip() or "0") == "0" if rank is None else rank == 0
        self._pid = os.getpid()
        self._exit_seconds = exit_seconds
        self._link = Link(str(server), str(token or os.environ.get("DISTILLATION_TOKEN") or ""), timeout)
        folder = re.sub(r"[^A-Za-z0-9_-]", "_", self.task)[:100] or "_"
        root = Path(buffer_dir or os.environ.get("DISTILLATION_BUFFER_DIR") or "~/.distillation-client")
        with contextlib.suppress(RuntimeError, OSError):  # nobody's home, a working directory that is gone
            root = root.expanduser().absolute()
        name = f"{time.time_ns()}-{os.getpid()}"
        self._journal = Journal(root / folder / name, self._link.server, self.task, self._link.secret, buffer_bytes)
        self._sender = Sender(self._link, [self._journal], alive=True)
        self._writer = threading.Thread(target=self._write, name="distillation-client-writer", daemon=True)
        self._inbox: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._hurry = threading.Event()
        self._open = False
        self._step = self._overflow = 0
        self._epoch_at = time.monotonic()

    @property
    def stop_requested(self) -> bool:
        """True once somebody stopped or deleted the task: a good moment to end."""
        return self._sender.stop_requested

    @property
    def problem(self) -> str:
        """Why nothing is sent any more, or just now; empty while all is well."""
        return self._sender.problem or self._sender.trouble

    @property
    def pending(self) -> int:
        """Reports that have not arrived yet."""
        return self._inbox.qsize() + self._sender.waiting()

    def __enter__(self) -> Run:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(error)

    @_harmless
    def start(self) -> Run:
        """Begin to report; ``with`` does it."""
        if not self._open:
            self._open = True
            self._writer.start()
            self._put("start")
        return self

    @_harmless
    def epoch(
        self,
        epoch: int,
        *,
        train_loss: Any = None,
        train_accuracy: Any = None,
        val_loss: Any = None,
        val_accuracy: Any = None,
        distill_loss: Any = None,
        hard_loss: Any = None,
        soft_loss: Any = None,
        gpu_usage: Any = None,
        memory_usage: Any = None,
        epoch_time: Any = None,
        accuracy: Any = None,
        metrics: Mapping[str, Any] | None = None,
    ) -> None:
        """Report a finished epoch; the same one again replaces it.

        Accuracies and ``gpu_usage`` in percent, ``memory_usage`` in MB, ``epoch_time`` in seconds (measured when
        None). ``accuracy`` is the task's figure, ``val_accuracy`` when None. ``metrics``: further curves, a point of
        each at ``step=epoch``.
        """
        since, self._epoch_at = self._epoch_at, time.monotonic()
        figures = {
            "trainLoss": train_loss, "trainAccuracy": train_accuracy, "valLoss": val_loss, "valAccuracy": val_accuracy,
            "distillLoss": distill_loss, "hardLoss": hard_loss, "softLoss": soft_loss, "gpuUsage": gpu_usage,
            "memoryUsage": memory_usage, "epochTime": self._epoch_at - since if epoch_time is None else epoch_time,
        }  # fmt: skip
        record = known({name: recorded(name, value) for name, value in figures.items()})
        number = int(epoch)
        best = recorded("accuracy", val_accuracy if accuracy is None else accuracy)
        progress = known({"currentEpoch": number, "accuracy": best, "loss": record.get("trainLoss")})
        if metrics:
            self.log(metrics, step=number, epoch=number)
        self._put("epoch", {"record": {"epoch": number, "recordTime": now(), **record}, "progress": progress})

    @_harmless
    def log(self, metrics: Mapping[str, Any], *, step: int | None = None, epoch: int | None = None) -> None:
        """Add a point to each named curve; the same step again replaces it. Without ``step`` calls are counted."""
        if self._inbox.qsize() > QUEUED_POINTS:  # the disk hangs: rather points than memory
            self._overflow += 1
            return
        self._step = self._step + 1 if step is None else int(step)
        values = {curve(name): figure(name, value) for name, value in metrics.items()}
        epoch = None if epoch is None else int(epoch)
        self._put("log", {"step": self._step, "epoch": epoch, "time": round(time.time(), 3), "values": values})

    @_harmless
    def model(self, path: str | os.PathLike[str] | None = None, *, url: str | None = None) -> None:
        """Say where the model lies: a path of this machine, an address, or both. The file is not sent."""
        self._put("model", known({"modelPath": None if path is None else os.fspath(path), "modelUrl": url}))

    @_harmless
    def evaluation(
        self,
        *,
        precision: Any = None,
        recall: Any = None,
        f1_score: Any = None,
        map50: Any = None,
        map95: Any = None,
        dataset_id: str | None = None,
        dataset_name: str | None = None,
        sample_count: int | None = None,
        details: Any = None,
    ) -> None:
        """Report what the model is worth, in percent. ``details``: anything that JSON can hold."""
        figures = {"precision": precision, "recall": recall, "f1Score": f1_score, "map50": map50, "map95": map95}
        data = {
            **{name: figure(name, value) for name, value in figures.items()},
            "evalDatasetId": dataset_id,
            "evalDatasetName": dataset_name,
            "evalSampleCount": None if sample_count is None else int(sample_count),
            "detailedResults": None if details is None else json.dumps(details, default=str),
            "evalTime": now(),
        }
        self._put("evaluation", known(data))

    @_harmless
    def close(self, error: BaseException | str | None = None) -> None:
        """End the run, well or with the error, and wait ``exit_seconds`` at most for what is left."""
        if not self._open:
            return
        self._open = False
        until = time.monotonic() + self._exit_seconds
        well = error is None or (isinstance(error, SystemExit) and error.code in (None, 0))
        if not well:
            self._put("error", {"errorMessage": message(error)}, force=True)
        elif not self.stop_requested:
            self._put("complete", force=True)
        self._inbox.put(None)
        self._hurry.set()
        try:
            self._writer.join(max(0.0, until - time.monotonic()))
            self._sender.ending.set()
            self._sender.news.set()
            if self._sender.ident is not None:
                self._sender.join(max(0.0, until - time.monotonic()))
        finally:  # also when Ctrl-C ends the waiting
            self._sender.halt.set()
            if self._sender.ident is not None:
                self._sender.join(RELEASE_SECONDS)
            self._say_what_is_left()

    def _put(self, kind: str, data: Any = None, *, force: bool = False) -> None:
        if not (self._open or force):
            log.warning("run.%s(): the run has not begun or has ended; nothing is reported.", kind)
            return
        entry: dict[str, Any] = {"kind": kind} if data is None else {"kind": kind, "data": data}
        if kind == "log":
            self._inbox.put(entry)
            return
        written = threading.Event()
        self._inbox.put({**entry, "written": written})
        self._hurry.set()
        written.wait(WRITTEN_SECONDS)

    def _write(self) -> None:
        """The writer's thread."""
        try:
            self._keep_writing()
        except Exception:  # a defect here must cost reports, not the training
            log.exception("The reports are not kept any more; the training goes on.")

    def _keep_writing(self) -> None:
        """Adopt what dead processes left, then put on disk what comes."""
        if CAN_LOCK:
            self._sender.adopt(_leftovers(self._journal, self._link))
        self._sender.start()
        goes_on = True
        while goes_on:
            entries = [self._inbox.get()]
            self._hurry.wait(GATHER_SECONDS)
            self._hurry.clear()
            with contextlib.suppress(queue.Empty):
                while True:
                    entries.append(self._inbox.get_nowait())
            goes_on = None not in entries
            found = [entry for entry in entries if entry is not None]
            written = [entry.pop("written") for entry in found if "written" in entry]
            self._journal.append(found)
            for event in written:
                event.set()
            if written:
                self._journal.sync()
            self._sender.news.set()

    def _say_what_is_left(self) -> None:
        dropped = self._journal.dropped + self._overflow
        if dropped:
            log.warning("%d calls of run.log() were dropped because the buffer was full.", dropped)
        if self._sender.rejected:
            log.warning("%d reports were refused; see %s", self._sender.rejected, self._journal.rejected)
        left = self.pending
        if not left:
            return
        why = f" ({self.problem})" if self.problem else ""
        if self._journal.on_disk:
            log.warning("%d reports have not arrived%s. They wait in %s and go with the next start of the task, or "
                        "with: python -m distillation_client flush %s", left, why, self._journal.folder.parent,
                        self._journal.folder.parent)  # fmt: skip
        else:
            log.warning("%d reports have not arrived%s and are lost: the disk did not take them.", left, why)


def _leftovers(own: Journal, link: Link) -> list[Journal]:
    """What earlier runs of this task, whose processes are gone, could not send; the oldest first."""
    try:
        folders = sorted(path for path in own.folder.parent.iterdir() if path.is_dir() and path.name[0] != ".")
    except OSError:
        return []
    found = [journal for folder in folders if folder != own.folder and (journal := Journal.adopt(folder, link.secret))]
    for journal in found:
        if journal.task != own.task:
            journal.release()
    return [journal for journal in found if journal.task == own.task]
