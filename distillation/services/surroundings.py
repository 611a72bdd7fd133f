"""What the database and the disk say to the requests of one owner; each thing is asked once.

Make one for one piece of work (a create, a page, a group of clones) and drop it: it does not notice changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from django.conf import settings

from distillation.contract.create_request import CreateRequest
from distillation.contract.names import comparable
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.contract.teachers import TeacherKind
from distillation.datasets.catalogue import list_datasets, resolve
from distillation.datasets.outline import Outline, outline
from distillation.models import LoraPreset
from distillation.selectors import Rights, hidden_datasets, rights_of, visible
from distillation.services.teacher_paths import disagreement, teacher_at
from distillation.services.teachers import Teacher, aliases, find_teacher, some
from distillation.storage.local import model_directories


class Surroundings:
    """Data sets, teachers and presets as their owner sees them.

    ``rights`` are the owner's, where they are known already.
    """

    def __init__(self, owner: str | None, rights: Rights | None = None) -> None:
        self._owner = owner
        self._rights = rights
        self._outlines: dict[tuple[str, str | None], Outline] = {}
        self._unknown_datasets: dict[str, Sentence | None] = {}
        self._teachers: dict[str, Teacher | None] = {}
        self._placed: dict[str, Teacher] = {}

    @cached_property
    def seen_by(self) -> Rights | None:
        """The owner's rights; None for rows without an owner that is known, which see everything."""
        return self._rights or rights_of(self._owner)

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Names in older requests and the teachers that stand for them here."""
        return aliases()

    @cached_property
    def presets(self) -> list[LoraPreset]:
        """The presets that can be named."""
        presets = LoraPreset.objects.alive()
        return list(presets if self.seen_by is None else visible(presets, self.seen_by))

    @cached_property
    def _hidden(self) -> set[str]:
        return set() if self.seen_by is None else hidden_datasets(self.seen_by)

    @cached_property
    def datasets(self) -> list[Outline]:
        """The data sets that can be named. Counts the files of each, so it is not for every key that is typed."""
        found = [one for one in list_datasets(Path(settings.DATASETS_ROOT)) if one.id not in self._hidden]
        self._outlines.update({(one.id, None): one for one in found})
        self._unknown_datasets.update({one.id: None for one in found})
        return found

    def outline(self, dataset_id: str, val_id: str | None = None) -> Outline:
        """The data set at a glance, with the held-out pictures of ``val_id``; it need not exist."""
        key = (dataset_id, val_id or None)
        if key not in self._outlines:
            root = Path(settings.DATASETS_ROOT)
            self._outlines[key] = outline(root / dataset_id, root / val_id if val_id else None)
        return self._outlines[key]

    def unknown_dataset(self, dataset_id: str) -> Sentence | None:
        """None when there is a data set of that id, else the sentence that says what there is."""
        if dataset_id not in self._unknown_datasets:
            self._unknown_datasets[dataset_id] = self._look_for_dataset(dataset_id)
        return self._unknown_datasets[dataset_id]

    def teacher(self, name: str) -> Teacher | None:
        """The teacher of that name or alias; None when there is none."""
        if name not in self._teachers:
            self._teachers[name] = find_teacher(name, self.seen_by, self.aliases)
        return self._teachers[name]

    def remember(self, teachers: Iterable[Teacher]) -> None:
        """Take over teachers that the owner sees and that somebody has looked at; an alias means another one."""
        self._teachers.update({one.name: one for one in teachers if one.name not in self.aliases})

    def teacher_of(self, request: CreateRequest) -> Teacher | None:
        """Who teaches a request, named or at a place; None where nobody does or the teacher is unknown."""
        if request.direct:
            return None
        try:
            return self._found(request)
        except Refused:
            return None

    def unknown_teacher_of(self, request: CreateRequest) -> Problem | None:
        """Why nobody teaches a request that wants a teacher; None when somebody does."""
        name, place = request.values["teacherModel"], request.values["teacherModelPath"]
        if request.direct or not (name or place):
            return None
        try:
            self._found(request)
        except Refused as refused:
            return Problem("teacherModelPath" if place else "teacherModel", refused.sentence)
        return None

    def teacher_kind(self, request: CreateRequest) -> TeacherKind:
        """What teaches a request; a finished task where nobody does or the teacher is unknown."""
        teacher = self.teacher_of(request)
        return teacher.kind if teacher else "task"

    def _found(self, request: CreateRequest) -> Teacher:
        """Raises Refused for a teacher that there is not, and for a name and a place that disagree."""
        name, place = request.values["teacherModel"], request.values["teacherModelPath"]
        named = self.teacher(name) if name else None
        if place:
            if place not in self._placed:
                self._placed[place] = teacher_at(place, self.seen_by, self.aliases)
            found = self._placed[place]
            if name and (sentence := disagreement(name, place, named, found)):
                raise Refused(sentence)
            return found
        if named is None:
            raise Refused(self._no_teacher(name or ""))
        return named

    def _no_teacher(self, name: str) -> Sentence:
        """Say that nobody has that name, and what there is."""
        real = self.aliases.get(name)
        return Sentence(
            gettext_noop(
                "There is no teacher {name}: it is neither a task nor a directory below the models root. "
                "Directories found: {available}."
            ),
            {"name": f"{name} → {real}" if real else name, "available": some(model_directories()) or "–"},
        )

    def preset(self, name: str) -> LoraPreset | None:
        """The preset whose name is the same to a person."""
        return next((preset for preset in self.presets if comparable(preset.preset_name) == comparable(name)), None)

    def _look_for_dataset(self, dataset_id: str) -> Sentence | None:
        root = Path(settings.DATASETS_ROOT)
        try:
            resolve(root, dataset_id)
        except Refused:
            missing = True
        else:
            missing = dataset_id in self._hidden
        if not missing:
            return None
        known = [found.id for found in self.datasets]
        template = (
            gettext_noop("There is no data set {dataset} below the data set root; available: {available}.")
            if known
            else gettext_noop(
                "There is no data set {dataset}: the data set root is empty. Put a folder with train/<class>/ and "
                "val/<class>/ there, or run manage.py create_demo_datasets."
            )
        )
        return Sentence(template, {"dataset": dataset_id, "available": some(known)})
