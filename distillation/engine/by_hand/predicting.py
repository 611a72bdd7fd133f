"""``python -m distillation.engine predict``: label a folder without worker and database, with a bar on a terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from distillation.contract import exit_codes
from distillation.contract.labelling import FORMATS, USUAL_FORMATS, LabellingSpec
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.task_types import USUAL_TYPE
from distillation.engine import export, locks
from distillation.engine.by_hand.bars import bar
from distillation.engine.labelling.job import Job
from distillation.engine.labelling.tally import Tally
from distillation.engine.stopping import Stopped, StopRequest

JOB_FOLDER = ".labelling"
"""In the output: what is finished, so that the same command goes on."""


class BarReporter:
    """A bar, and a line for each sentence."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None

    def labelled(self, tally: Tally) -> None:
        """Draw."""
        if self._bar is None:
            self._bar = bar("label", tally.total, "pictures", tally.processed)
        self._bar.set_postfix(failed=tally.failed, refresh=False)
        self._bar.update(tally.processed - self._bar.n)
        if tally.processed == tally.total:
            self._bar.close()

    def note(self, level: str, sentence: Sentence) -> None:
        """Print."""
        tqdm.write(f"{level}: {sentence.english()}", file=sys.stderr)


def predict(model: Path, pictures: Path, out: Path | None, formats: Sequence[str], threshold: float, batch: int) -> int:
    """Label the pictures and print the counts as JSON; return the exit code.

    Without ``out`` the labels go into a folder beside the pictures. The same command goes on with what an interrupted
    one has begun.
    """
    stop = StopRequest()
    stop.listen(watch_stdin=False)
    output = (out or pictures.with_name(f"{pictures.resolve().name}-labels")).absolute()
    try:
        spec = _spec(model, pictures, output, formats, threshold, batch)
        folder = output / JOB_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        with locks.try_hold(folder / "lock") as ours:
            if not ours:
                return exit_codes.LOCKED
            device = "cuda" if torch.cuda.is_available() else "cpu"
            result = Job(folder, Path("/"), spec, stop, BarReporter(), device).perform()
    except (Refused, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return exit_codes.FAILED
    except Stopped:
        sys.stderr.write("stopped; the same command goes on\n")
        return exit_codes.STOPPED
    shown = {name: result[name] for name in ("total", "succeeded", "failed", "objects", "empty", "formats", "seconds")}
    failed = [f"{path}: {Sentence.from_json(why).english()}" for path, why in result["failures"]]
    drawn = [str(folder / name) for name in result["drawn"]]
    text = json.dumps({**shown, "out": str(output), "drawn": drawn, "failures": failed}, indent=1, ensure_ascii=False)
    sys.stdout.write(text + "\n")
    return exit_codes.COMPLETED


def _spec(
    model: Path, pictures: Path, output: Path, formats: Sequence[str], threshold: float, batch: int
) -> LabellingSpec:
    for folder in (model, pictures):
        if not folder.is_dir():
            raise Refused(Sentence(gettext_noop("There is no folder {folder}."), {"folder": str(folder)}))
    task_type = str(export.read_config(model).get("task_type") or USUAL_TYPE)
    return LabellingSpec(
        job_id="by hand",
        model_path=str(model.absolute()),
        model_sha256="",
        input_path=str(pictures.absolute()),
        output_path=str(output),
        formats=tuple(formats) or USUAL_FORMATS.get(task_type, tuple(FORMATS["detection"])),
        threshold=threshold,
        batch_size=batch,
        threads=len(os.sched_getaffinity(0)),
    )
