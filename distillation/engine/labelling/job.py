"""One labelling job: list the pictures, read ahead, label batch by batch, write, note what is finished."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from distillation.contract.labelling import FORMATS, LabellingSpec
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import layout, pictures
from distillation.datasets.writing.labels import LabelledPicture
from distillation.datasets.writing.output import Output
from distillation.engine import atomic, export, failures
from distillation.engine.labelling import picture_files, predictors, previews
from distillation.engine.labelling.predictors import Predictor, Prepared
from distillation.engine.labelling.record import Record
from distillation.engine.labelling.tally import MOST_FAILURES, Tally
from distillation.engine.stopping import StopRequest

RECORD = "labelled.jsonl"
_AHEAD = 2
"""Batches that are read while one is labelled."""

_Read = list[tuple[str, Prepared | Sentence]]
"""Pictures by path, or why one cannot be read."""


class Reporter(Protocol):
    """Who is told how far the job is."""

    def labelled(self, tally: Tally) -> None:
        """Called after each batch."""

    def note(self, level: str, sentence: Sentence) -> None:
        """Something that people should know; level is info or warning."""


@dataclass(frozen=True, slots=True)
class Job:
    """Where a job works."""

    folder: Path
    """Of the job itself: ``labelled.jsonl`` and ``result.json``."""
    home: Path
    spec: LabellingSpec
    stop: StopRequest
    reporter: Reporter
    device: str

    def perform(self) -> dict[str, Any]:
        """Label everything that is not finished; write and return the result.

        Raises Refused, Stopped (everything done so far is noted) and OSError (a full disk).
        """
        begin = time.monotonic()
        predictor = self._predictor()
        least = predictors.thresholds(
            predictor.classes, self.spec.threshold, self.spec.class_thresholds, predictor.task_type
        )
        paths = picture_files.listed(self.home / self.spec.input_path)
        output = Output(
            self.home / self.spec.output_path,
            self.home / self.spec.input_path,
            predictor.classes,
            self.spec.formats,
            classifies=predictor.task_type == "classification",
            with_pictures=self.spec.with_pictures,
        )
        record = Record(self.folder / RECORD, self.spec.digest())
        try:
            tally, done = _go_on(record, output, paths)
            self.reporter.labelled(tally)
            work = _Work(self, predictor, least, output, record, tally)
            work.label([path for path in paths if path not in done], picture_files.stems(paths))
        finally:
            record.close()
        output.finish(record.pictures)
        result = {
            **tally.facts(named=MOST_FAILURES),
            "formats": list(self.spec.formats),
            "classes": list(predictor.classes),
            "task_type": predictor.task_type,
            "drawn": self._drawn(record, predictor),
            "seconds": time.monotonic() - begin,
            "labelled_in_this_attempt": tally.processed - len(done),
        }
        atomic.write_json(self.folder / "result.json", result)
        return result

    def _drawn(self, record: Record, predictor: Predictor) -> list[str]:
        if predictor.task_type == "classification":
            return []  # without looking for boxes in the whole record
        return previews.draw(self.folder, self.home / self.spec.input_path, record.pictures(), predictor.classes)

    def _predictor(self) -> Predictor:
        folder = self.home / self.spec.model_path
        if self.spec.model_sha256 and atomic.sha256_of(folder / export.WEIGHTS) != self.spec.model_sha256:
            raise Refused(
                Sentence(
                    gettext_noop(
                        "The model in {folder} is not the one that the job was submitted for. Submit it again."
                    ),
                    {"folder": layout.shown(self.spec.model_path)},
                )
            )
        predictor = predictors.load(folder, self.device, self.spec.threads)
        known = FORMATS[predictor.task_type]
        if unknown := [name for name in self.spec.formats if name not in known]:
            raise Refused(
                Sentence(
                    gettext_noop("A model for {task_type} cannot write {formats}; it can write {known}."),
                    {"task_type": predictor.task_type, "formats": ", ".join(unknown), "known": ", ".join(known)},
                )
            )
        return predictor


def _go_on(record: Record, output: Output, paths: Sequence[str]) -> tuple[Tally, set[str]]:
    """Count what earlier attempts have finished."""
    done: set[str] = set()
    tally = Tally(len(paths))
    for line in record:
        if isinstance(line, LabelledPicture):
            output.repair(line)
            tally.add(line)
            done.add(line.path)
        else:
            tally.fail(*line)
            done.add(line[0])
    tally.total = len(done.union(paths))
    return tally, done


@dataclass(frozen=True, slots=True)
class _Work:
    """The loop over pictures that nobody has labelled yet."""

    job: Job
    predictor: Predictor
    least: Sequence[float]
    output: Output
    record: Record
    tally: Tally

    def label(self, paths: Sequence[str], stems: dict[str, str]) -> None:
        """Label the pictures; raises Stopped between two batches."""
        if kept := picture_files.same_names(stems):
            self.job.reporter.note("warning", _same_names(kept))
        nameless = picture_files.not_text(paths)
        for path in sorted(nameless):
            self._fail(path, _not_text(path))
        with ThreadPoolExecutor(max(1, self.job.spec.threads)) as pool:
            for batch in self._read_ahead(pool, [path for path in paths if path not in nameless]):
                self._label(batch, stems)
                self.record.flush()
                self.job.reporter.labelled(self.tally)
                if self.job.stop.requested:
                    pool.shutdown(cancel_futures=True)
                    self.job.stop.check()
        self.record.flush()
        self.job.reporter.labelled(self.tally)

    def _read_ahead(self, pool: ThreadPoolExecutor, paths: Sequence[str]) -> Iterator[list[Future[_Read]]]:
        """Batches whose pictures are being read, a share by each thread; the disk and the model work at once.

        Not a future for each picture: being woken for every one costs more than a small model's answer.
        """
        size = self.job.spec.batch_size
        share = -(-size // max(1, self.job.spec.threads))
        waiting: deque[list[Future[_Read]]] = deque()
        for begin in range(0, len(paths), size):
            batch = paths[begin : begin + size]
            shares = [batch[first : first + share] for first in range(0, len(batch), share)]
            waiting.append([pool.submit(self._read, one) for one in shares])
            if len(waiting) > _AHEAD:
                yield waiting.popleft()
        yield from waiting

    def _read(self, paths: Sequence[str]) -> _Read:
        root, found = self.job.home / self.job.spec.input_path, _Read()
        for path in paths:
            try:
                found.append((path, self.predictor.read(root / path)))
            except pictures.Unreadable as unreadable:
                found.append((path, unreadable.sentence))
        return found

    def _label(self, batch: Sequence[Future[_Read]], stems: dict[str, str]) -> None:
        readable: list[tuple[str, Prepared]] = []
        for path, read in (one for reading in batch for one in reading.result()):
            if isinstance(read, Sentence):
                self._fail(path, read)
            else:
                readable.append((path, read))
        if not readable:
            return
        found = self._predicted([prepared for _, prepared in readable])
        for (path, prepared), labels in zip(readable, found, strict=True):
            picture = LabelledPicture(path, stems[path], prepared.width, prepared.height, labels)
            self.output.add(picture)
            self.record.add(picture)
            self.tally.add(picture)

    def _predicted(self, batch: Sequence[Prepared]) -> list[Any]:
        try:
            return list(self.predictor.predict(batch, self.least))
        except Exception as error:
            if not failures.is_out_of_memory(error):
                raise
            raise Refused(
                Sentence(
                    gettext_noop("Memory ran out with {batch_size} pictures at a time. Submit the job with fewer."),
                    {"batch_size": self.job.spec.batch_size},
                )
            ) from error

    def _fail(self, path: str, why: Sentence) -> None:
        self.record.add((path, why))
        self.tally.fail(path, why)


def _same_names(paths: Sequence[str]) -> Sentence:
    return Sentence(
        gettext_noop(
            "{count} pictures have the name of another one but for the suffix; their labels keep the suffix in the "
            "name: {paths}."
        ),
        {"count": len(paths), "paths": layout.named(paths)},
    )


def _not_text(path: str) -> Sentence:
    return Sentence(
        gettext_noop("The name {path} is not UTF-8, so no annotation file can name the picture. Rename it."),
        {"path": layout.shown(path)},
    )
