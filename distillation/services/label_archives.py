"""What a labelling job has written, as files of one archive; refused where it is gone, unfinished or huge."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import layout
from distillation.datasets.writing.output import IMAGES
from distillation.models import InferenceJob
from distillation.services.inference_states import STOPPABLE
from distillation.storage.local import home
from distillation.storage.opening import Outside, real_path
from distillation.storage.zip_stream import Entry

MOST_BYTES = 20 * 1000**3
MOST_FILES = 200_000


def entries(job: InferenceJob, *, pictures: bool) -> list[Entry]:
    """The labels, and with ``pictures`` what they are of below ``images/``. Raises Refused."""
    if job.status in STOPPABLE:
        template = gettext_noop("{job} still writes labels. Wait for its end, or stop it.")
        raise Refused(Sentence(template, {"job": job.inference_id}))
    output = _folder(job.output_dir)
    if output is None or not output.is_dir():
        raise Refused(
            Sentence(gettext_noop("The folder of labels {path} is gone."), {"path": layout.shown(job.output_dir)})
        )
    found = _limited(_labels(output), job)
    if pictures:
        found = _limited([*found, *_pictures(job, output)], job)
    if not found:
        raise Refused(Sentence(gettext_noop("{job} has written no labels."), {"job": job.inference_id}))
    return found


def _labels(output: Path) -> Iterator[Entry]:
    for entry in _files(output):
        name = entry.relative_to(output).as_posix()
        if not name.startswith(f"{IMAGES}/"):
            yield Entry(layout.shown(name), entry, entry.lstat().st_size)


def _pictures(job: InferenceJob, output: Path) -> Iterator[Entry]:
    """Those in the output where it is a data set, else those that were labelled, where they were."""
    folder = output / IMAGES if job.imported_dataset else _folder(job.input_dir)
    if folder is None or not folder.is_dir():
        raise Refused(
            Sentence(
                gettext_noop("The folder of pictures {path} is gone. Download the labels alone."),
                {"path": layout.shown(job.input_dir)},
            )
        )
    for entry in layout.walk(folder, folder):
        name = Path(entry.path).relative_to(folder).as_posix()
        yield Entry(layout.shown(f"{IMAGES}/{name}"), Path(entry.path), entry.stat().st_size)


def _files(folder: Path) -> Iterator[Path]:
    """Regular files below, without hidden ones and without following links."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent) / name
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path


def _limited(found: Iterator[Entry] | list[Entry], job: InferenceJob) -> list[Entry]:
    kept: list[Entry] = []
    size = 0
    for entry in found:
        kept.append(entry)
        size += entry.size
        if size > MOST_BYTES or len(kept) > MOST_FILES:
            raise Refused(
                Sentence(
                    gettext_noop(
                        "{job} has more than {files} files or {size} GB, too much for one download. Take them from the "
                        "folder {path} of the server, or download the labels alone."
                    ),
                    {
                        "job": job.inference_id,
                        "files": MOST_FILES,
                        "size": MOST_BYTES // 1000**3,
                        "path": layout.shown(job.output_dir),
                    },
                )
            )
    return kept


def _folder(stored: str) -> Path | None:
    try:
        return real_path(home() / stored, home())
    except (Outside, OSError, ValueError):
        return None
