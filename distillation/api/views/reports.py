"""What a script elsewhere reports about an external task."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from distillation.api.body import query_or_body
from distillation.api.schema import describe, enveloped, query_parameter
from distillation.api.schema_values import CURSOR, PERCENT, figure, text
from distillation.api.serializers.requests import FailureReportSerializer, ProgressReportSerializer
from distillation.api.serializers.rows import writer
from distillation.api.serializers.task import TaskDetailSerializer
from distillation.api.views.base import ApiView, actor, task_to_change
from distillation.services import reports

TAG = "reports"
LOSS = figure(reports.LARGEST_LOSS)
TASK = enveloped(TaskDetailSerializer)


class ReportViews(ApiView):
    """``/tasks/{taskId}/progress``, ``/complete``, ``/error``. The query wins over the body."""

    reports = {"progress": True, "complete": True, "error": True}

    @describe(_("Report progress"), TASK, tag=TAG, request=ProgressReportSerializer, operation="tasks_progress",
              query=(query_parameter("currentEpoch", _("The epoch that is finished."), CURSOR),
                     query_parameter("accuracy", _("In percent."), PERCENT),
                     query_parameter("loss", _("The training loss."), LOSS)))  # fmt: skip
    def progress(self, request: Request, task_id: str) -> Response:
        """For tasks that an external script runs; what is left out stays as it was."""
        sent = query_or_body(request, "currentEpoch", "accuracy", "loss")
        task = reports.report_progress(
            task_to_change(request, task_id),
            actor(request),
            current_epoch=sent["currentEpoch"],
            accuracy=sent["accuracy"],
            loss=sent["loss"],
        )
        return Response(writer(TaskDetailSerializer).row(task))

    @describe(_("Report the end of a training"), TASK, tag=TAG, errors=(401, 404, 409), operation="tasks_complete")
    def complete(self, request: Request, task_id: str) -> Response:
        """For tasks that an external script runs."""
        task = reports.report_complete(task_to_change(request, task_id), actor(request))
        return Response(writer(TaskDetailSerializer).row(task))

    @describe(_("Report that a training failed"), tag=TAG, request=FailureReportSerializer, operation="tasks_error",
              query=(query_parameter("errorMessage", _("What went wrong."), text(10_000)),))  # fmt: skip
    def error(self, request: Request, task_id: str) -> Response:
        """For tasks that an external script runs."""
        sent = query_or_body(request, "errorMessage")
        reports.report_error(task_to_change(request, task_id), actor(request), sent["errorMessage"])
        return Response(None)
