"""Tasks: lists, one, create, change, clone, delete, and what moves them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework.request import Request
from rest_framework.response import Response

from distillation import selectors
from distillation.api import query
from distillation.api.body import body
from distillation.api.schema import describe, enveloped, query_parameter
from distillation.api.serializers.requests import TaskSettingsSerializer
from distillation.api.serializers.task import TaskDetailSerializer, TaskPageSerializer, TaskSerializer
from distillation.api.views.base import ApiView, actor, find_task
from distillation.jobs import control
from distillation.models import TaskStatus, TrainingTask
from distillation.models.task import TaskQuerySet
from distillation.services.tasks import clone_task, create_task, edit_task

TAG = "tasks"
PAGE_SIZE = 10
TASK = enveloped(TaskDetailSerializer)
TASKS = enveloped(TaskSerializer, many=True)
TASKS_OR_PAGE = PolymorphicProxySerializer(
    "TaskListOrPageEnvelope", [TASKS, enveloped(TaskPageSerializer)], resource_type_field_name=None, many=False
)
FILTERS = (
    query_parameter("status", _("Only tasks in this state."), enum=TaskStatus.values),
    query_parameter("keyword", _("Part of the name, the id or the description.")),
    query_parameter("teacherModel", _("Only tasks of this teacher.")),
    query_parameter("studentModel", _("Only tasks of this student.")),
    query_parameter("owner", _("Only tasks that this user created.")),
    query_parameter(
        "ordering",
        _("A key to sort by, with a minus for the largest first."),
        enum=[sign + name for name in selectors.ORDERINGS for sign in ("", "-")],
    ),
)
PAGE = (
    query_parameter("page", _("The page, from 1. Without it the answer is an array."), int),
    query_parameter("pageSize", _("Rows a page; 10 when absent."), int),
)


class TaskViews(ApiView):
    """``/tasks`` and ``/tasks/{taskId}``."""

    public = True

    @describe(_("List tasks, newest first"), TASKS_OR_PAGE, tag=TAG, query=(*PAGE, *FILTERS), errors=(400, 401),
              operation="tasks_list")  # fmt: skip
    def list(self, request: Request) -> Response:
        """Without ``page`` an array with at most DISTILLATION_LIST_LIMIT rows; X-Total-Count says how many exist."""
        tasks = selectors.filter_tasks(
            selectors.visible_tasks(request.user),
            status=query.text(request, "status"),
            keyword=query.text(request, "keyword"),
            teacher_model=query.text(request, "teacherModel"),
            student_model=query.text(request, "studentModel"),
            owner=query.text(request, "owner"),
            ordering=query.text(request, "ordering"),
        )
        if query.text(request, "page"):
            return Response(_page(request, tasks))
        return _array(tasks, settings.DISTILLATION_LIST_LIMIT)

    @describe(_("List running tasks"), TASKS, tag=TAG, errors=(401,), operation="tasks_running")
    def running(self, request: Request) -> Response:
        """Newest first."""
        return self.by_status(request, TaskStatus.RUNNING)

    @describe(_("List the newest tasks"), TASKS, tag=TAG, errors=(400, 401), operation="tasks_recent",
              query=(query_parameter("limit", _("Rows; 10 when absent."), int),))  # fmt: skip
    def recent(self, request: Request) -> Response:
        """Newest first."""
        return _array(selectors.visible_tasks(request.user), query.rows(request, "limit", 10))

    @describe(_("List tasks in one state"), TASKS, tag=TAG, errors=(400, 401), operation="tasks_by_status")
    def by_status(self, request: Request, status: str) -> Response:
        """Newest first."""
        tasks = selectors.filter_tasks(selectors.visible_tasks(request.user), status=status)
        return _array(tasks, settings.DISTILLATION_LIST_LIMIT)

    @describe(_("Show a task"), TASK, tag=TAG, errors=(401, 404), operation="tasks_show")
    def retrieve(self, request: Request, task_id: str) -> Response:
        """With its place in the queue and what stands in the way of a start."""
        return _answer(find_task(request, task_id))

    @describe(_("Create a task"), TASK, tag=TAG, request=TaskSettingsSerializer, errors=(400, 401),
              operation="tasks_create")  # fmt: skip
    def create(self, request: Request) -> Response:
        """It waits as PENDING; ``problems`` says what a start would refuse now."""
        return _answer(create_task(body(request), actor(request)))

    @describe(_("Change a task that has not started"), TASK, tag=TAG, request=TaskSettingsSerializer,
              operation="tasks_edit")  # fmt: skip
    def partial_update(self, request: Request, task_id: str) -> Response:
        """Send only what changes."""
        return _answer(edit_task(find_task(request, task_id), body(request), actor(request)))

    @describe(_("Create a task like another"), TASK, tag=TAG, request=TaskSettingsSerializer, errors=(400, 401, 404),
              operation="tasks_clone")  # fmt: skip
    def clone(self, request: Request, task_id: str) -> Response:
        """The body holds what differs; it may be empty."""
        return _answer(clone_task(find_task(request, task_id), body(request), actor(request)))

    @describe(_("Delete a task"), tag=TAG, errors=(401, 404, 409), operation="tasks_delete")
    def destroy(self, request: Request, task_id: str) -> Response:
        """It is hidden with its history; a running one is stopped."""
        control.delete(find_task(request, task_id), actor(request))
        return Response(None)

    @describe(_("Start a task"), TASK, tag=TAG, operation="tasks_start",
              query=(query_parameter("fresh", _("True: not from the last checkpoint."), bool),))  # fmt: skip
    def start(self, request: Request, task_id: str) -> Response:
        """It continues from its last checkpoint, if there is one."""
        fresh = query.flag(request, "fresh")
        task = find_task(request, task_id)
        control.start(task, actor(request), fresh=fresh)
        return _answer(task)

    @describe(_("Stop a task"), TASK, tag=TAG, errors=(401, 404, 409), operation="tasks_stop")
    def stop(self, request: Request, task_id: str) -> Response:
        """A running one answers RUNNING with the intent and stops at a checkpoint."""
        task = find_task(request, task_id)
        control.stop(task, actor(request))
        return _answer(task)

    @describe(_("Pause a task"), TASK, tag=TAG, errors=(401, 404, 409), operation="tasks_pause")
    def pause(self, request: Request, task_id: str) -> Response:
        """A running one answers RUNNING with the intent and pauses at a checkpoint."""
        task = find_task(request, task_id)
        control.pause(task, actor(request))
        return _answer(task)

    @describe(_("Resume a paused task"), TASK, tag=TAG, errors=(401, 404, 409), operation="tasks_resume")
    def resume(self, request: Request, task_id: str) -> Response:
        """Back into the queue."""
        task = find_task(request, task_id)
        control.resume(task, actor(request))
        return _answer(task)


def _answer(task: TrainingTask) -> Response:
    return Response(TaskDetailSerializer(task).data)


def _array(tasks: TaskQuerySet, limit: int) -> Response:
    """The first rows; a full array is counted, a shorter one is its own count."""
    rows = list(tasks[:limit])
    total = len(rows) if len(rows) < limit else tasks.count()
    return Response(TaskSerializer(rows, many=True).data, headers={"X-Total-Count": str(total)})


def _page(request: Request, tasks: TaskQuerySet) -> dict[str, Any]:
    current = query.count(request, "page", 1)
    size = query.rows(request, "pageSize", PAGE_SIZE)
    total = tasks.count()
    first = (current - 1) * size
    # A page behind the end is empty; its offset may be larger than the database can count.
    rows = tasks[first : first + size] if first < total else []
    return {
        "records": TaskSerializer(rows, many=True).data,
        "total": total,
        "current": current,
        "size": size,
        "pages": -(-total // size),
    }
