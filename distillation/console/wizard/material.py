"""What there is to choose from, for the owner of a task: gathered once for a page."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from distillation.admin.preset_form import modules_of
from distillation.console.wizard import cards, suggestions
from distillation.console.wizard.answers import as_typed, defaults
from distillation.console.wizard.cards import Card
from distillation.console.wizard.enough import advised
from distillation.console.wizard.form import Choices
from distillation.contract.create_request import CreateRequest
from distillation.models import Dataset
from distillation.models.sentences import translate
from distillation.selectors import Rights
from distillation.services.smaller import smaller
from distillation.services.surroundings import Surroundings
from distillation.services.task_names import free_names
from distillation.services.teacher_fit import Candidate, candidates, teacher_problem
from distillation.services.validation import look_at, request_outline


@dataclass
class Material:
    """Data sets, students, teachers and presets. ``reader`` sees them for rows whose owner has no account."""

    around: Surroundings
    reader: Rights
    _free: dict[str, str] = field(default_factory=dict)

    @cached_property
    def teachers(self) -> list[Candidate]:
        """Everybody who might teach."""
        found = list(candidates(self.around.seen_by or self.reader))
        self.around.remember(one.teacher for one in found)
        return found

    @cached_property
    def names(self) -> dict[str, str]:
        """The names that data sets were registered with, by their id."""
        return dict(Dataset.objects.exclude(dataset_name="").values_list("dataset_id", "dataset_name"))

    def free_name(self, stem: str) -> str:
        """The name, with a number where it is taken."""
        if stem not in self._free:
            self._free[stem] = free_names(stem, [""])[0]
        return self._free[stem]

    def suggested_name(self, values: Mapping[str, Any], listed: Collection[str] = ()) -> str:
        """What a new task, or a group over the listed options, could be called; empty without data or student."""
        data = str(values.get("datasetId") or "")
        if not data or self.around.unknown_dataset(data) is not None or not values.get("studentModel"):
            return ""
        said = {name: value for name, value in values.items() if name not in listed}
        return self.free_name(suggestions.name(said, self.around.outline(data).name))

    def unfit(self, request: CreateRequest) -> dict[str, str]:
        """Who cannot teach what is asked for, with the reason; what is wrong elsewhere in it plays no part."""
        data = request.values["datasetId"]
        known = bool(data) and self.around.unknown_dataset(data) is None
        outline = request_outline(request, self.around) if known else None
        found = ((one.teacher.name, teacher_problem(one.teacher, request, outline)) for one in self.teachers)
        return {name: translate(sentence) for name, sentence in found if sentence is not None}

    def decks(self, unfit: dict[str, str]) -> dict[str, list[Card]]:
        """The cards; ``unfit`` are the teachers that cannot teach, with the reason."""
        return {
            "taskType": cards.type_cards(),
            "datasetId": cards.data_cards(self.around.datasets, self.names, self.teachers),
            "trainingMode": cards.mode_cards(),
            "studentModel": cards.student_cards(),
            "teacherModel": cards.teacher_cards(self.teachers, unfit),
        }

    def places(self) -> dict[str, Choices]:
        """What the lists offer that are no cards."""
        data = [(found.id, self.names.get(found.id) or found.name) for found in self.around.datasets]
        return {
            "valDatasetId": [("", _("The held-out part of the same data set")), *data],
            "loraPreset": [("", "—"), *((preset.preset_name, preset.preset_name) for preset in self.around.presets)],
        }

    def presets(self) -> dict[str, dict[str, str]]:
        """What a preset fills in, by its name."""
        return {
            preset.preset_name: {
                "loraRank": as_typed(preset.lora_rank),
                "loraAlpha": as_typed(preset.lora_alpha),
                "loraDropout": as_typed(float(preset.lora_dropout)),
                "loraTargetModules": ", ".join(modules_of(preset)),
            }
            for preset in self.around.presets
        }

    def _taught_by(self, name: str) -> dict[str, Any]:
        """What a form begins with in which this task teaches; empty where it cannot or is not seen."""
        task = next((one.task for one in self.teachers if one.task and one.teacher.name == name), None)
        return smaller(task) if task else {}

    def _teacher_for(self, values: dict[str, Any]) -> dict[str, Any]:
        """Who is suggested, or training without anybody."""
        request, _problems = look_at(values, self.around, default_executor=values["executor"])
        teacher = suggestions.best_teacher(self.teachers, self.unfit(request.assumed()), values)
        return {"teacherModel": teacher} if teacher else {"trainingMode": "direct"}

    def first_values(self, dataset: str, teacher: str) -> dict[str, Any]:
        """A new form, for the data set or the teaching task that the address names, if there are such ones."""
        taught = self._taught_by(teacher)
        known = {found.id: found for found in self.around.datasets}
        dataset = taught.get("datasetId") or dataset
        task_type = known[dataset].type if dataset in known else suggestions.first_type(self.around.datasets)
        task_type = taught.get("taskType") or task_type
        values = {
            **defaults(),
            "taskType": task_type,
            "studentModel": suggestions.first_student(task_type),
            **taught,
            "datasetId": dataset if dataset in known else suggestions.only_dataset(self.around.datasets, task_type),
        }
        if not taught:
            values |= self._teacher_for(values)
        request, _problems = look_at(values, self.around, default_executor=values["executor"])
        return values | advised(request, self.around).usual | {"taskName": self.suggested_name(values)}
