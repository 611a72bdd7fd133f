"""What there is to choose from, for the owner of a task: gathered once for a page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from distillation.admin.preset_form import modules_of
from distillation.console.wizard import cards, suggestions
from distillation.console.wizard.answers import as_typed, defaults
from distillation.console.wizard.cards import Card
from distillation.console.wizard.form import Choices
from distillation.models import Dataset
from distillation.selectors import Rights
from distillation.services.surroundings import Surroundings
from distillation.services.teacher_fit import Candidate, candidates


@dataclass
class Material:
    """Data sets, students, teachers and presets. ``reader`` sees them for rows whose owner has no account."""

    around: Surroundings
    reader: Rights

    @cached_property
    def teachers(self) -> list[Candidate]:
        """Everybody who might teach."""
        return list(candidates(self.around.seen_by or self.reader))

    @cached_property
    def names(self) -> dict[str, str]:
        """The names that data sets were registered with, by their id."""
        return dict(Dataset.objects.exclude(dataset_name="").values_list("dataset_id", "dataset_name"))

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

    def first_values(self, dataset: str) -> dict[str, Any]:
        """A new form, for the data set that the address names, if there is such a one."""
        known = {found.id: found for found in self.around.datasets}
        task_type = known[dataset].type if dataset in known else suggestions.first_type(self.around.datasets)
        return {
            **defaults(),
            "taskType": task_type,
            "datasetId": dataset if dataset in known else suggestions.only_dataset(self.around.datasets, task_type),
            "studentModel": suggestions.first_student(task_type),
        }
