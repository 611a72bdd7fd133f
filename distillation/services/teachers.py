"""What a teacher's name stands for, and whether it can teach this data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from distillation.contract import adaptation, prompts
from distillation.contract import teachers as catalogue
from distillation.contract.create_request import CreateRequest
from distillation.contract.names import comparable
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import TeacherSpec
from distillation.contract.task_types import OF_PICTURES, USUAL_TYPE
from distillation.contract.teachers import QUANTISABLE, Quantization, TeacherKind
from distillation.datasets.class_names import is_background
from distillation.models import Executor, TaskStatus, TeacherAlias, TrainingTask
from distillation.selectors import Rights, model_of, tasks_seen_by, usable
from distillation.services.teacher_files import missing_file, read_json
from distillation.storage.local import relative
from distillation.storage.model_layout import ONNX_CARD, kind_of, teacher_kind

_SAFE_NAME = re.compile(r"[^/\\\x00-\x1f]+")


@dataclass(frozen=True, slots=True)
class Teacher:
    """A teacher that exists. ``reason`` says why it cannot be used now, if so."""

    name: str
    kind: TeacherKind
    directory: Path | None
    classes: tuple[str, ...] | None
    """None where the files do not say, and for teachers that are asked in words and know every class."""
    reason: Sentence | None = None
    task_type: str | None = None
    """The only type of task that it was made for, where its files say so."""
    image_size: int | None = None
    """Pixels of the square that it looks at, where its files say so."""

    @property
    def teaches(self) -> tuple[str, ...]:
        """The types of task that it can teach."""
        every = catalogue.teaches(self.kind)
        return every if self.task_type is None else tuple(name for name in every if name == self.task_type)

    def spec(self, quantization: Quantization = "none") -> TeacherSpec:
        """The run spec's part. Raises Refused when the teacher cannot be used."""
        if self.reason is not None or self.directory is None:
            raise Refused(
                self.reason or Sentence(gettext_noop("The teacher {name} has no model."), {"name": self.name})
            )
        return TeacherSpec(self.kind, self.name, relative(self.directory), quantization)


def find_teacher(
    name: str, seen_by: Rights | None = None, stand_ins: Mapping[str, str] | None = None
) -> Teacher | None:
    """The task or the model directory of that name, or of the name that it is an alias of; None when there is none.

    A task that somebody with these rights may not see does not exist for them; without rights every task does.
    ``stand_ins`` are the aliases, where they are known already.
    """
    return _named(resolved_name(name, aliases() if stand_ins is None else stand_ins), seen_by)


def resolved_name(name: str, stand_ins: Mapping[str, str]) -> str:
    """Who teaches when a request says ``name``: what an alias says, even where something has that very name."""
    return stand_ins.get(name, name)


def aliases() -> dict[str, str]:
    """Names in older requests and the teachers that stand for them here: the setting, overridden by the table."""
    return dict(settings.TEACHER_ALIASES) | dict(TeacherAlias.objects.order_by().values_list("alias", "teacher"))


def _named(name: str, seen_by: Rights | None) -> Teacher | None:
    tasks = TrainingTask.objects.alive() if seen_by is None else tasks_seen_by(seen_by)
    task = tasks.filter(task_id=name).first()
    if task is not None:
        return task_teacher(task)
    if not _SAFE_NAME.fullmatch(name) or name in (".", ".."):
        return None
    directory = Path(settings.MODELS_ROOT) / name
    if not directory.is_dir() or not directory.resolve().is_relative_to(Path(settings.MODELS_ROOT).resolve()):
        return None
    return directory_teacher(name, directory)


def pair_problem(teacher: Teacher, task_type: str) -> Sentence | None:
    """Why the teacher cannot teach a task of this type, naming both; None when it can."""
    return catalogue.pair_problem(teacher.name, teacher.kind, teacher.teaches, task_type)


def view_problem(teacher: Teacher, request: CreateRequest) -> Sentence | None:
    """Why student and teacher cannot look at the same views of a picture, where they have to; None otherwise."""
    if request.values["taskType"] not in OF_PICTURES or (not request.dense and request.augmentation() == "none"):
        return None
    if request.dense and teacher.kind != "task":
        return None  # asked on clean pictures, or at any size
    if teacher.kind != "task":
        return Sentence(catalogue.SEES_NO_VIEWS, {"teacher": teacher.name})
    wanted = request.image_size()
    if teacher.image_size in (None, wanted):
        return None
    return Sentence(
        gettext_noop(
            "The teacher {teacher} looks at {found} pixels, the student at {wanted}, but both have to see the same "
            "views: set imageSize to {found}, or choose another teacher."
        ),
        {"teacher": teacher.name, "found": teacher.image_size, "wanted": wanted},
    )


def bits_problem(teacher: Teacher, request: CreateRequest) -> Sentence | None:
    """Why this teacher cannot be asked in fewer bits where others of the task type can; None otherwise."""
    task_type, asked = request.values["taskType"], request.values["teacherQuantization"]
    return catalogue.bits_problem(teacher.name, teacher.kind, task_type, asked) if task_type in QUANTISABLE else None


def feature_problem(teacher: Teacher, request: CreateRequest) -> Sentence | None:
    """Why features cannot be compared with this teacher's, where the request asks for that; None otherwise."""
    if request.values["distillationType"] == "logit":
        return None
    return catalogue.feature_problem(teacher.name, teacher.kind, request.values["taskType"])


def adapter_problem(teacher: Teacher, request: CreateRequest) -> Sentence | None:
    """Why the teacher cannot learn through adapters, where it has to; None otherwise."""
    if request.values["loraTarget"] != "teacher":
        return None
    return adaptation.kind_problem(teacher.name, teacher.kind, joint=request.values["collaboration"] == "joint")


def class_problem(teacher: Teacher, classes: tuple[str, ...], dataset_id: str) -> Sentence | None:
    """Why the teacher cannot teach these classes, or None. It may know more classes than the data has."""
    if teacher.kind in prompts.DEFAULT_WORDS:
        return _word_problem(teacher, classes)
    if teacher.classes is None:
        return None
    known = {comparable(name) for name in teacher.classes}
    missing = [name for name in classes if comparable(name) not in known]
    if teacher.kind == "segmenter" and known - {comparable(name) for name in classes}:
        # What the data has no class for is its background.
        missing = [name for name in missing if not is_background(name)]
    if not missing:
        return None
    return Sentence(
        gettext_noop(
            "The teacher {teacher} does not know {count} classes of the data set {dataset}: {missing}. "
            "It knows: {known}. Choose a teacher that was trained on these classes."
        ),
        {
            "teacher": teacher.name,
            "count": len(missing),
            "dataset": dataset_id,
            "missing": some(missing),
            "known": some(list(teacher.classes)),
        },
    )


def _word_problem(teacher: Teacher, classes: tuple[str, ...]) -> Sentence | None:
    """Why a teacher that is asked in words cannot be asked for these classes, or None."""
    file = teacher.directory / prompts.FILE if teacher.directory else None
    try:
        table = prompts.parse(read_json(file), teacher.name) if file is not None and file.is_file() else ()
        prompts.words_for(teacher.name, teacher.kind, classes, table)
    except Refused as refused:
        return refused.sentence
    return None


def some(names: list[str], limit: int = 10) -> str:
    """The first names, and how many more there are."""
    text = ", ".join(names[:limit])
    return text if len(names) <= limit else f"{text} … (+{len(names) - limit})"


def task_teacher(task: TrainingTask) -> Teacher:
    """The student of a task; ``reason`` says why it cannot teach."""
    params = {"task": task.task_id, "status": task.status}
    reason: Sentence | None = None
    file = model_of(task)
    if task.executor == Executor.SAMPLE:
        reason = Sentence(gettext_noop("{task} is a sample without a model; it cannot teach."), params)
    elif task.status != TaskStatus.COMPLETED:
        reason = Sentence(gettext_noop("{task} is {status}; it can teach when it is COMPLETED."), params)
    elif file is None:
        reason = Sentence(gettext_noop("{task} is completed but its model file is gone."), params)
    else:
        reason = usable(task)
    if reason is not None or file is None:
        return Teacher(task.task_id, "task", None, None, reason)
    config = read_json(file.parent / "config.json")
    classes = config.get("classes") if config else None
    if config is not None and kind_of(config) == "huggingface":
        return directory_teacher(task.task_id, file.parent)
    if not isinstance(classes, list):
        reason = Sentence(gettext_noop("{task} has no readable config.json beside its model."), params)
        return Teacher(task.task_id, "task", None, None, reason)
    return _own_student(task.task_id, file.parent, config or {}, None)


def directory_teacher(name: str, directory: Path) -> Teacher:
    """What lies in a directory; ``reason`` says what is missing there."""
    kind = teacher_kind(directory, config := read_json(directory / "config.json"))
    if kind == "onnx":
        return _onnx_teacher(name, directory)
    reason = missing_file(name, directory, config, kind)
    if kind == "task" and config is not None:
        return _own_student(name, directory, config, reason)
    labels = (config or {}).get("id2label")
    classes = tuple(str(label) for label in labels.values()) if isinstance(labels, dict) else None
    known = kind or "huggingface"
    return Teacher(name, known, directory, None if catalogue.is_zero_shot(known) else classes, reason)


def _own_student(name: str, directory: Path, config: dict[str, Any], reason: Sentence | None) -> Teacher:
    classes = tuple(str(label) for label in config["classes"])
    size = config.get("image_size")
    return Teacher(
        name,
        "task",
        directory,
        classes,
        reason,
        str(config.get("task_type") or USUAL_TYPE),
        size if isinstance(size, int) and size else None,
    )


def _onnx_teacher(name: str, directory: Path) -> Teacher:
    """What its ``model.json`` states; what only its metadata say is the engine's to read."""
    card = read_json(directory / ONNX_CARD) or {}
    stated = card.get("classes")
    names = list(stated.values()) if isinstance(stated, dict) else stated
    classes = tuple(str(label) for label in names) if isinstance(names, list) else None
    return Teacher(name, "onnx", directory, classes, task_type=str(card.get("task_type") or USUAL_TYPE))
