"""A teacher that is named by its place: a directory below the home, or the file of its weights in it.

What lies in the run of a task is that task's: who may not see the task has no teacher there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from django.conf import settings

from distillation.contract.param_sizes import size_problem
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.selectors import Rights
from distillation.services.teachers import Teacher, directory_teacher, find_teacher
from distillation.storage.local import home
from distillation.storage.model_formats import safetensors_elements
from distillation.storage.opening import NotAFile, Outside, open_inside

WEIGHTS = frozenset({".safetensors", ".onnx", ".gguf"})


def teacher_at(place: str, seen_by: Rights | None, stand_ins: Mapping[str, str]) -> Teacher:
    """The teacher at a place below the home. Raises Refused where there is none, or the place leads out."""
    folder = _folder(place)
    runs = Path(settings.RUNS_ROOT).resolve()
    if folder.is_relative_to(runs):
        task = folder.relative_to(runs).parts[:1]
        teacher = find_teacher(task[0], seen_by, stand_ins) if task else None
        if teacher is None or teacher.directory is None or teacher.directory.resolve() != folder:
            raise Refused(_nothing(place))
        return teacher
    return directory_teacher(folder.name, folder)


def name_of(place: str) -> str:
    """What the teacher at a place is called where nobody says: its directory's name."""
    path = PurePosixPath(place.replace("\\", "/"))
    return path.parent.name if path.suffix in WEIGHTS else path.name


def disagreement(name: str, place: str, named: Teacher | None, found: Teacher) -> Sentence | None:
    """Why ``teacherModel`` and ``teacherModelPath`` do not mean the same teacher; None when they do.

    ``named`` is what the name alone leads to.
    """
    if named is None:
        same = name == name_of(place)
    else:
        same = named.directory is not None and found.directory is not None
        same = same and named.directory.resolve() == found.directory.resolve()  # type: ignore[union-attr]
    if same:
        return None
    return Sentence(
        gettext_noop(
            "teacherModel {name} and teacherModelPath {place} mean different teachers. Send one of them, or two that "
            "agree."
        ),
        {"name": name, "place": place},
    )


def teacher_size_problem(label: str, teacher: Teacher) -> Sentence | None:
    """Why the teacher is not of the size that a label states; None when it is."""
    files = sorted(teacher.directory.glob("*.safetensors")) if teacher.directory else []
    if not files:
        return Sentence(
            gettext_noop(
                "teacherParamSize says {stated}, but the parameters of {name} cannot be counted: only those in "
                ".safetensors files are. Leave it out."
            ),
            {"stated": label, "name": teacher.name},
        )
    try:
        count = 0
        for path in files:
            with open_inside(path, home()) as file:
                count += safetensors_elements(file)
    except Refused as refused:
        return refused.sentence
    except (Outside, NotAFile, OSError):
        return _nothing(teacher.name)
    return size_problem("teacherParamSize", label, teacher.name, count)


def _folder(place: str) -> Path:
    """The real directory of a place. Raises Refused."""
    root = home().resolve()
    try:
        if ".." in PurePosixPath(place).parts:
            raise Refused(_nothing(place))
        found = (root / place).resolve()
        if found.is_file() and found.suffix in WEIGHTS:
            found = found.parent
        fits = found != root and found.is_relative_to(root) and found.is_dir()
    except (OSError, ValueError, RuntimeError):
        fits = False
    if not fits:
        raise Refused(_nothing(place))
    return found


def _nothing(place: str) -> Sentence:
    return Sentence(
        gettext_noop(
            "There is no teacher at {place}: it must be a directory with a model, or its .safetensors, .onnx or .gguf "
            "file, below DISTILLATION_HOME, such as models/big; no .. and no link may lead out."
        ),
        {"place": place},
    )
