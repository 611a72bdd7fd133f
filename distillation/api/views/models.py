"""A task's model from elsewhere: what a script says about it, and binding a checked file."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from distillation.api.body import query_or_body
from distillation.api.envelope import Envelope
from distillation.api.schema import describe, query_parameter
from distillation.api.schema_values import path_text
from distillation.api.serializers.model_requests import BindingSerializer, ModelReportSerializer
from distillation.api.views.base import ApiView, actor, task_to_change
from distillation.jobs import binding
from distillation.models.sentences import translate
from distillation.services.model_files import MAX_PATH
from distillation.services.model_labels import report_model

TAG = "models"
PATH = path_text(MAX_PATH)


class TaskModelViews(ApiView):
    """``/tasks/{taskId}/model-path`` and ``/bind-external-model``. The query wins over the body."""

    reports = {"model_path": True}

    @describe(
        _("Report where a script keeps its model"),
        tag=TAG,
        request=ModelReportSerializer,
        operation="tasks_model_path",
        query=(
            query_parameter("modelPath", _("A path on the script's machine; it is shown, never opened."), PATH),
            query_parameter("modelUrl", _("An http(s) address, or a path that begins with a slash."), PATH),
        ),
    )
    def model_path(self, request: Request, task_id: str) -> Response:
        """For running and completed tasks that an external script runs. To make the model usable here, bind it."""
        task = task_to_change(request, task_id)
        sent = query_or_body(request, "modelPath", "modelUrl")
        report_model(task, actor(request), model_path=sent["modelPath"], model_url=sent["modelUrl"])
        return Response(None)

    @describe(
        _("Bind a model that was trained elsewhere"),
        tag=TAG,
        request=BindingSerializer,
        operation="tasks_bind_model",
        query=(query_parameter("modelPath", _("The file, or a directory with one, below the models root."), PATH),),
    )
    def bind(self, request: Request, task_id: str) -> Response:
        """The task is COMPLETED with it. ``message`` says whether it can be used, or that a long check goes on."""
        task = task_to_change(request, task_id)
        said = binding.bind(task, actor(request), query_or_body(request, "modelPath")["modelPath"])
        return Response(Envelope(code=200, message=translate(said), data=None))
