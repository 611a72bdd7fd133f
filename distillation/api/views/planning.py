"""Looking before leaping: requests that are only checked, effective configurations, clones and groups of them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework.request import Request
from rest_framework.response import Response

from distillation.api import query
from distillation.api.body import body, query_or_body
from distillation.api.permissions import CREATE
from distillation.api.schema import describe, enveloped, query_parameter
from distillation.api.serializers.planning import (
    CloneGroupSerializer,
    CloneRequestSerializer,
    EffectiveConfigSerializer,
    ValidationSerializer,
    clone_group,
    effective_config,
    validation,
)
from distillation.api.serializers.requests import TaskSettingsSerializer
from distillation.api.serializers.rows import writer
from distillation.api.serializers.task import TaskDetailSerializer
from distillation.api.views.base import ApiView, actor, find_task
from distillation.services import effective
from distillation.services.cloning import clone_task, plan_clones, save_clones, split

TAG = "tasks"
TASK_OR_GROUP = PolymorphicProxySerializer(
    "TaskOrCloneGroupEnvelope",
    [enveloped(TaskDetailSerializer), enveloped(CloneGroupSerializer)],
    resource_type_field_name=None,
    many=False,
)


class ValidationViews(ApiView):
    """``/tasks/validate``."""

    needs = {"create": CREATE}

    @describe(_("Look at a create request without saving it"), enveloped(ValidationSerializer), tag=TAG,
              request=TaskSettingsSerializer, errors=(400, 401, 403), operation="tasks_validate")  # fmt: skip
    def create(self, request: Request) -> Response:
        """What create would refuse, what start would refuse, what would not be applied, and what a run would cost."""
        return Response(validation(effective.of_request(body(request), actor(request))))


class EffectiveConfigViews(ApiView):
    """``/tasks/{taskId}/effective-config``."""

    public = True

    @describe(_("Show a task's effective configuration"), enveloped(EffectiveConfigSerializer), tag=TAG,
              errors=(401, 404), operation="tasks_effective_config")  # fmt: skip
    def retrieve(self, request: Request, task_id: str) -> Response:
        """The flat form with every default filled in, and what is not applied with the reason."""
        task = find_task(request, task_id)
        return Response(effective_config(task.task_id, effective.of_task(task)))


class CloneViews(ApiView):
    """``/tasks/{taskId}/clone``."""

    needs = {"create": CREATE}

    @describe(_("Create a task like another, or a group of them"), TASK_OR_GROUP, tag=TAG,
              request=CloneRequestSerializer, errors=(400, 401, 403, 404), operation="tasks_clone",
              query=(query_parameter("preview", _("True: show the tasks and save none."), bool),))  # fmt: skip
    def create(self, request: Request, task_id: str) -> Response:
        """The body holds what differs and may be empty. With ``lists`` or ``preview`` the answer is a group."""
        task = find_task(request, task_id)
        preview = query.truth("preview", query_or_body(request, "preview")["preview"])
        changes, lists = split(body(request))
        if not lists and not preview:
            return Response(writer(TaskDetailSerializer).row(clone_task(task, changes, actor(request))))
        planned = plan_clones(task, changes, lists, actor(request))
        if preview:
            return Response(clone_group(planned, [], None))
        saved = save_clones(task, planned, actor(request))
        return Response(clone_group(planned, [clone.task_id for clone in saved], saved[0].group_id))
