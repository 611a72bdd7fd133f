"""Where a labelling job may read and write: below the home, not in what the program keeps there, nobody else's data.

The web process only looks; the engine checks again where it writes, since links can be put anywhere meanwhile.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings

from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Sentence, gettext_noop
from distillation.datasets.catalogue import is_plain_name
from distillation.datasets.layout import UNLABELED
from distillation.models import InferenceJob, JobStatus
from distillation.selectors import Rights, hidden_datasets
from distillation.storage.local import INFERENCE, TRIALS, home
from distillation.storage.opening import Outside, climbs, real_path

INPUT, OUTPUT, DATASET = "inputDir", "outputDir", "datasetId"


def input_folder(named: str, dataset_id: str, by: Rights) -> Path:
    """The folder of pictures: ``unlabeled/`` of a data set, or any folder that the person may read.

    Raises InvalidRequest, also when both are named and differ.
    """
    if not dataset_id:
        return _existing(INPUT, _path(INPUT, named), by)
    if not is_plain_name(dataset_id):
        raise _missing_dataset(dataset_id)
    folder = Path(settings.DATASETS_ROOT) / dataset_id / UNLABELED
    if named and _path(INPUT, named) != folder:
        raise _wrong(
            INPUT,
            gettext_noop("inputDir is {path}, but of the data set {dataset} the folder {folder} is labelled."),
            path=named,
            dataset=dataset_id,
            folder=f"datasets/{dataset_id}/{UNLABELED}",
        )
    return _existing(DATASET, folder, by)


def output_folder(named: str, pictures: Path, by: Rights) -> Path:
    """The folder of labels, which need not exist. Raises InvalidRequest."""
    given = _path(OUTPUT, named)
    try:
        real = _real_parent(given)
    except Outside as error:
        raise _outside(OUTPUT, given) from error
    _check_place(OUTPUT, real, given)
    if real.is_relative_to(pictures) or pictures.is_relative_to(real):
        raise _wrong(OUTPUT, gettext_noop("{path} lies in the folder of pictures or around it."), path=_shown(given))
    _check_dataset(real, given)
    _check_free(real, given, by)
    return real


def own_folders() -> set[str]:
    """Names in the home under which the platform keeps its own files."""
    return {"cache", INFERENCE, TRIALS, Path(settings.RUNS_ROOT).name, Path(settings.MODELS_ROOT).name}


def importable_id(output: Path) -> str | None:
    """The id that the output has as a data set; None where it lies elsewhere."""
    return output.name if output.parent == Path(settings.DATASETS_ROOT).resolve() else None


def _path(name: str, text: str) -> Path:
    if climbs(text):
        raise _wrong(name, gettext_noop("{path} contains '..'. Name the folder itself."), path=text)
    path: Path = home() / text
    if not path.is_relative_to(home()):
        raise _wrong(
            name,
            gettext_noop("{path} does not lie below DISTILLATION_HOME. Copy the pictures there, or mount them there."),
            path=text,
        )
    return path


def _existing(name: str, folder: Path, by: Rights) -> Path:
    missing = _wrong(name, gettext_noop("There is no folder {path} below DISTILLATION_HOME."), path=_shown(folder))
    try:
        real = real_path(folder, home())
    except Outside as error:
        raise _outside(name, folder) from error
    except (OSError, ValueError) as error:
        raise missing from error
    root = Path(settings.DATASETS_ROOT).resolve()
    of_dataset = real.relative_to(root).parts[:1] if real.is_relative_to(root) else ()
    # What is hidden does not exist: neither its name nor its pictures may be learned from an answer.
    if not real.is_dir() or set(of_dataset) & hidden_datasets(by):
        raise missing
    _check_place(name, real, folder)
    return real


def _real_parent(path: Path) -> Path:
    """The path without links, of which the last parts need not exist. Raises Outside."""
    existing = path
    while not existing.exists() and not existing.is_symlink():
        existing = existing.parent
    try:
        return real_path(existing, home()) / path.relative_to(existing)
    except OSError as error:  # a link to nowhere
        raise Outside from error


def _check_place(name: str, real: Path, given: Path) -> None:
    """Neither the home itself nor what the program keeps in it."""
    parts = real.relative_to(home().resolve()).parts
    if not parts or parts[0] in own_folders() or parts == (Path(settings.DATASETS_ROOT).name,):
        raise _wrong(
            name,
            gettext_noop("{path} is not a folder for pictures or labels; the platform keeps its own files there."),
            path=_shown(given),
        )
    if real.exists() and not real.is_dir():
        raise _wrong(name, gettext_noop("{path} is a file, not a folder."), path=_shown(given))


def _check_dataset(real: Path, given: Path) -> None:
    root = Path(settings.DATASETS_ROOT).resolve()
    if real.is_relative_to(root) and (real.parent != root or not is_plain_name(real.name)):
        raise _wrong(
            OUTPUT,
            gettext_noop("{path} lies in a data set. Name a new folder directly below the data set root."),
            path=_shown(given),
        )


def _check_free(real: Path, given: Path, by: Rights) -> None:
    """Labels must not mix with other files: the folder is empty, or a job of the same person has written it."""
    stored = real.relative_to(home().resolve()).as_posix()
    same = InferenceJob.objects.filter(output_dir=stored)
    if (active := same.filter(status__in=(JobStatus.QUEUED, JobStatus.RUNNING)).first()) is not None:
        raise _wrong(
            OUTPUT,
            gettext_noop("The job {job} writes into {path}. Wait for its end, or choose another folder."),
            job=active.inference_id, path=_shown(given),
        )  # fmt: skip
    if real.is_dir() and any(real.iterdir()) and not same.filter(create_by=by.username).exists():
        raise _wrong(
            OUTPUT,
            gettext_noop("The folder {path} is not empty, and no job of yours has filled it. Choose another one."),
            path=_shown(given),
        )


def _missing_dataset(dataset_id: str) -> InvalidRequest:
    return _wrong(DATASET, gettext_noop("There is no data set {dataset}."), dataset=dataset_id[:100])


def _outside(name: str, path: Path) -> InvalidRequest:
    return _wrong(
        name,
        gettext_noop("{path} is a link that leads out of DISTILLATION_HOME. Copy the files there."),
        path=_shown(path),
    )


def _shown(path: Path) -> str:
    return path.relative_to(home()).as_posix()


def _wrong(name: str, template: str, **params: Any) -> InvalidRequest:
    return InvalidRequest([Problem(name, Sentence(template, params))])
