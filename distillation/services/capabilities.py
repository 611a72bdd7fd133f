"""What this installation can do and where its limits are; every figure is read where it is enforced."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from distillation.contract import limits
from distillation.contract.option import Option
from distillation.contract.options import BY_NAME, GROUPS
from distillation.contract.request import ALIASES
from distillation.contract.students import STUDENTS
from distillation.contract.task_types import METRICS
from distillation.contract.version import version
from distillation.models import SUPERUSER_ROLE, Role, Scope
from distillation.services.reports import MAX_RECORDS
from distillation.services.teachers import aliases
from distillation.services.workers import living_workers

WORDS = {
    "taskTypes": "taskType",
    "trainingModes": "trainingMode",
    "methods": "distillationType",
    "losses": "distillLossType",
    "optimizers": "optimizer",
    "schedules": "lrScheduler",
    "executors": "executor",
    "visibilities": "visibility",
}
"""Lists of words that clients ask for, and the option that takes them."""
_OTHER_NAMES = {name: alias for alias, name in ALIASES.items()}


def capabilities() -> dict[str, Any]:
    """Everything, under the keys of the wire. Labels and help are templates that the reader's language replaces."""
    return {
        "version": version(),
        **{key: _words(BY_NAME[option]) for key, option in WORDS.items()},
        "metrics": METRICS,
        "students": [
            {
                "name": student.name,
                "family": student.family,
                "task_type": student.task_type,
                "parameters": student.parameters,
                "default_image_size": student.default_image_size,
                "min_image_size": student.min_image_size,
                "image_size_multiple": student.size_multiple,
            }
            for student in STUDENTS.values()
        ],
        "options": [_option(option) for option in BY_NAME.values()],
        "groups": [{"name": name, "label": label} for name, label in GROUPS.items()],
        "limits": {
            "list_rows": settings.DISTILLATION_LIST_LIMIT,
            "body_bytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
            "history_records": MAX_RECORDS,
            "clone_group": limits.CLONE_GROUP,
            "bulk_tasks": limits.BULK_TASKS,
        },
        "error_style": settings.DISTILLATION_ERROR_STYLE,
        "public_read": settings.DISTILLATION_PUBLIC_READ,
        "time_zone": settings.TIME_ZONE,
        "default_executor": settings.DISTILLATION_DEFAULT_EXECUTOR,
        "roles": [
            {"name": SUPERUSER_ROLE, "label": Role.ADMINISTRATOR.label},
            *({"name": role.value, "label": role.label} for role in Role),
        ],
        "token_scopes": [{"name": scope.value, "label": scope.label} for scope in Scope],
        "platform": _platform(),
        "teacher_aliases": aliases(),
    }


def _words(option: Option) -> dict[str, list[str]]:
    return {"available": list(option.choices)}


def _option(option: Option) -> dict[str, Any]:
    default = settings.DISTILLATION_DEFAULT_EXECUTOR if option.name == "executor" else option.default
    return {
        "name": option.name,
        "other_name": _OTHER_NAMES.get(option.name),
        "kind": option.kind,
        "group": option.group,
        "label": option.label,
        "help": option.help,
        "default": default,
        "minimum": option.minimum,
        "maximum": option.maximum,
        "decimals": option.decimals,
        "max_length": option.max_length,
        "max_items": option.max_items,
        "choices": list(option.choices),
        "needs_teacher": not option.direct,
    }


def _platform() -> dict[str, Any]:
    workers = living_workers()
    return {
        "workers": workers,
        "slots": sum(worker.slots for worker in workers),
        "gpus": sum(len(worker.devices) for worker in workers),
    }
