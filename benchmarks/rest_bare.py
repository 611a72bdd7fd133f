"""Bare Django views with the statements of the product's endpoints: what Django itself costs for the same answer.

Each is a plain function behind the same middleware. It finds the caller with the same statement, but checks no
signature, permission, limit or value; it runs the same SQL through the ORM and sends the columns by JsonResponse.
``rest_requests`` checks that the statements are the same, word by word.
"""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from distillation import selectors
from distillation.models import ScriptToken, TeacherAlias, TrainingHistory, TrainingTask
from distillation.services.history import COLUMNS
from distillation_site.urls import urlpatterns as site

SHOWN = [
    "id", "task_id", "task_name", "task_input_name", "description", "training_mode", "teacher_model", "student_model",
    "total_epochs", "current_epoch", "batch_size", "learning_rate", "temperature", "alpha", "lora_rank", "lora_alpha",
    "lora_dropout", "training_config", "status", "progress", "accuracy", "loss", "best_accuracy", "dataset_id",
    "dataset_name", "val_dataset_id", "val_dataset_name", "model_path", "checkpoint_path", "start_time", "end_time",
    "duration", "create_by", "create_time", "update_by", "update_time", "remark", "del_flag", "executor", "intent",
    "trained_samples", "estimated_time", "memory_used", "group_id", "lost_contact_at", "model_url", "error_message",
    "error_detail",
]  # fmt: skip
ON_A_PAGE = [name for name in SHOWN if name != "training_config"]
MODEL = [*SHOWN, "model_sha256"]


def session(request: HttpRequest) -> User:
    """The user that the benchmark names, and the groups."""
    user = selectors.user_with_rights(pk=request.headers["X-User"])
    assert user is not None
    return user


def script(request: HttpRequest) -> User:
    """The owner of the token that the benchmark names, and the groups."""
    tokens = ScriptToken.objects.filter(prefix=request.headers["X-Prefix"], revoked=False).select_related("user")
    token = next(iter(tokens.annotate(group_name=F("user__groups__name")).order_by()))
    user: User = token.user
    selectors.remember(user, selectors.rights_from(user, []))
    return user


def own_task(request: HttpRequest, task_id: str) -> TrainingTask:
    """The caller's task."""
    task = selectors.find_own_task(script(request), task_id)
    assert task is not None
    return task


def listed(tasks: Any, columns: list[str]) -> list[dict[str, Any]]:
    """Rows as dicts by column."""
    return list(tasks.values(*columns))


def task_page(request: HttpRequest) -> JsonResponse:
    """A page of tasks."""
    tasks = selectors.filter_tasks(selectors.visible_tasks(session(request)), request.GET)
    size, page = int(request.GET["pageSize"]), int(request.GET["page"])
    total = tasks.count()
    records = listed(tasks[(page - 1) * size : page * size], ON_A_PAGE)
    return JsonResponse({"data": {"records": records, "total": total}})


def completed_models(request: HttpRequest) -> JsonResponse:
    """Completed tasks."""
    tasks = selectors.completed_models(session(request), request.GET)
    rows = listed(tasks[: settings.DISTILLATION_LIST_LIMIT], MODEL)
    full = len(rows) == settings.DISTILLATION_LIST_LIMIT
    return JsonResponse({"data": rows, "total": tasks.count() if full else len(rows)})


@csrf_exempt
def progress(request: HttpRequest, task_id: str) -> JsonResponse:
    """One report."""
    sent = json.loads(request.body, parse_float=Decimal)
    task = own_task(request, task_id)
    changes = {
        "accuracy": sent["accuracy"],
        "loss": sent["loss"],
        "current_epoch": sent["currentEpoch"],
        "progress": 100 * sent["currentEpoch"] // task.total_epochs,
        "lease_until": timezone.now() + timedelta(minutes=10),
        "lost_contact_at": None,
        "update_by": task.create_by,
        "update_time": timezone.now(),
    }
    best = {"best_epoch": sent["currentEpoch"], "best_accuracy": sent["accuracy"]}
    if sent["accuracy"] > (task.best_accuracy or 0):
        better = Q(best_accuracy=None) | Q(best_accuracy__lt=sent["accuracy"])
        cases = {name: Case(When(better, then=Value(value)), default=F(name)) for name, value in best.items()}
        changes = {**cases, **changes}
    TrainingTask.objects.filter(pk=task.pk, status="RUNNING", executor="external").update(**changes)
    aliases = dict(TeacherAlias.objects.order_by().values_list("alias", "teacher"))
    shown = {name: getattr(task, name) for name in SHOWN}
    return JsonResponse({"data": {**shown, "teacher": aliases.get(task.teacher_model)}})


@csrf_exempt
def history(request: HttpRequest, task_id: str) -> JsonResponse:
    """Many records at once."""
    task = own_task(request, task_id)
    now = timezone.now()
    rows = [
        TrainingHistory(
            task_id=task.task_id,
            epoch=record["epoch"],
            record_time=now,
            **{column: record.get(name) for name, column in COLUMNS.items()},
        )
        for record in json.loads(request.body)
    ]
    with transaction.atomic():
        TrainingHistory.objects.bulk_create(
            rows,
            update_conflicts=True,
            update_fields=[*COLUMNS.values(), "record_time"],
            unique_fields=["task", "epoch"],
            batch_size=500,
        )
        TrainingTask.objects.filter(pk=task.pk, status="RUNNING", executor="external").update(
            lease_until=now + timedelta(minutes=10), lost_contact_at=None
        )
    return JsonResponse({"data": None})


urlpatterns = [
    *site,
    path("bare/tasks", task_page),
    path("bare/completed-models", completed_models),
    path("bare/tasks/<str:task_id>/progress", progress),
    path("bare/tasks/<str:task_id>/history", history),
]
