"""Tasks: lists, one, create, change, delete, and what moves them."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer
from rest_framework.request import Request
from rest_framework.response import Response

from distillation import selectors
from distillation.api import query
from distillation.api.body import body
from distillation.api.filter_schema import any_case, filter_parameters
from distillation.api.lists import array, page
from distillation.api.permissions import CREATE
from distillation.api.schema import TOTAL, describe, enveloped, query_parameter
from distillation.api.schema_values import COUNT
from distillation.api.serializers.requests import NewTaskSerializer, TaskSettingsSerializer
from distillation.api.serializers.rows import writer
from distillation.api.serializers.task import (
    TaskDetailSerializer,
    TaskOfPageSerializer,
    TaskPageSerializer,
    TaskSerializer,
)
from distillation.api.views.base import ApiView, actor, find_task, task_to_change
from distillation.jobs import control
from distillation.models import TaskStatus, TrainingTask
from distillation.services.tasks import create_task, edit_task

TAG = "tasks"
TASK = enveloped(TaskDetailSerializer)
TASKS = enveloped(TaskSerializer, many=True)
TASKS_OR_PAGE = PolymorphicProxySerializer(
    "TaskListOrPageEnvelope", [TASKS, enveloped(TaskPageSerializer)], resource_type_field_name=None, many=False
)
ROWS = _(
    "Without page an array with at most DISTILLATION_LIST_LIMIT rows; X-Total-Count says how many exist. "
    "The rows of a page leave out trainingConfig, which would make answers a third larger; the array has it, and "
    "GET /tasks/{taskId} too."
)
FILTERS = filter_parameters(selectors.TaskFilters)
STATUS = OpenApiParameter("status", any_case(TaskStatus.values), OpenApiParameter.PATH)
PAGE = (
    query_parameter("page", _("The page, from 1. Without it the answer is an array."), COUNT),
    query_parameter("pageSize", _("Rows a page; 10 when absent."), COUNT),
)


class TaskViews(ApiView):
    """``/tasks`` and ``/tasks/{taskId}``."""

    public = True
    needs = {"create": CREATE}
    reports = {"retrieve": True, "start": True}

    @describe(_("List tasks, newest first"), TASKS_OR_PAGE, tag=TAG, query=(*PAGE, *FILTERS), errors=(400, 401),
              operation="tasks_list", description=ROWS)  # fmt: skip
    def list(self, request: Request) -> Response:
        """An array, or a page of it."""
        tasks = selectors.filter_tasks(selectors.visible_tasks(request.user), request.query_params)
        query.count(request, "pageSize", 1)  # a wrong one is wrong without a page, too
        if query.text(request, "page"):
            return page(request, TaskOfPageSerializer, tasks)
        return array(TaskSerializer, tasks, settings.DISTILLATION_LIST_LIMIT)

    @describe(_("List running tasks"), TASKS, tag=TAG, errors=(401,), operation="tasks_running", query=(TOTAL,))
    def running(self, request: Request) -> Response:
        """Newest first."""
        return self.by_status(request, TaskStatus.RUNNING)

    @describe(_("List the newest tasks"), TASKS, tag=TAG, errors=(400, 401), operation="tasks_recent",
              query=(query_parameter("limit", _("Rows; 10 when absent."), COUNT), TOTAL))  # fmt: skip
    def recent(self, request: Request) -> Response:
        """Newest first."""
        return array(TaskSerializer, selectors.visible_tasks(request.user), query.rows(request, "limit", 10))

    @describe(_("List tasks in one state"), TASKS, tag=TAG, errors=(400, 401, 404), operation="tasks_by_status",
              query=(STATUS, TOTAL))  # fmt: skip
    def by_status(self, request: Request, status: str) -> Response:
        """Newest first."""
        if not status.strip():
            raise Http404
        tasks = selectors.filter_tasks(selectors.visible_tasks(request.user), {"status": status})
        return array(TaskSerializer, tasks, settings.DISTILLATION_LIST_LIMIT)

    @describe(_("Show a task"), TASK, tag=TAG, errors=(401, 404), operation="tasks_show")
    def retrieve(self, request: Request, task_id: str) -> Response:
        """With its place in the queue and what stands in the way of a start."""
        return _answer(find_task(request, task_id))

    @describe(_("Create a task"), TASK, tag=TAG, request=NewTaskSerializer, errors=(400, 401),
              operation="tasks_create")  # fmt: skip
    def create(self, request: Request) -> Response:
        """It waits as PENDING; ``problems`` says what a start would refuse now."""
        return _answer(create_task(body(request), actor(request)))

    @describe(_("Change a task that has not started"), TASK, tag=TAG, request=TaskSettingsSerializer,
              operation="tasks_edit")  # fmt: skip
    def partial_update(self, request: Request, task_id: str) -> Response:
        """Send only what changes."""
        return _answer(edit_task(task_to_change(request, task_id), body(request), actor(request)))

    @describe(_("Delete a task"), tag=TAG, errors=(401, 404, 409), operation="tasks_delete")
    def destroy(self, request: Request, task_id: str) -> Response:
        """It is hidden with its history; a running one is stopped."""
        control.delete(task_to_change(request, task_id), actor(request))
        return Response(None)

    @describe(_("Start a task"), TASK, tag=TAG, operation="tasks_start",
              query=(query_parameter("fresh", _("True: not from the last checkpoint."), bool),))  # fmt: skip
    def start(self, request: Request, task_id: str) -> Response:
        """It continues from its last checkpoint, if there is one."""
        fresh = query.flag(request, "fresh")
        task = task_to_change(request, task_id)
        control.start(task, actor(request), fresh=fresh)
        return _answer(task)

    @describe(_("Stop a task"), TASK, tag=TAG, errors=(401, 404, 409), operation="tasks_stop")
    def stop(self, request: Request, task_id: str) -> Response:
        """A running one answers RUNNING with the intent and stops at a checkpoint."""
        task = task_to_change(request, task_id)
        control.stop(task, actor(request))
        return _answer(task)

    @describe(_("Pause a task"), TASK, tag=TAG, errors=(401, 404, 409), operation="tasks_pause")
    def pause(self, request: Request, task_id: str) -> Response:
        """A running one answers RUNNING with the intent and pauses at a checkpoint."""
        task = task_to_change(request, task_id)
        control.pause(task, actor(request))
        return _answer(task)

    @describe(_("Resume a paused task"), TASK, tag=TAG, errors=(401, 404, 409), operation="tasks_resume")
    def resume(self, request: Request, task_id: str) -> Response:
        """Back into the queue."""
        task = task_to_change(request, task_id)
        control.resume(task, actor(request))
        return _answer(task)


def _answer(task: TrainingTask) -> Response:
    return Response(writer(TaskDetailSerializer).row(task))
