"""What hangs on a task: history, evaluations, transitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import PolymorphicProxySerializer
from rest_framework.request import Request
from rest_framework.response import Response

from distillation import selectors
from distillation.api import query
from distillation.api.body import as_object, body
from distillation.api.lists import array
from distillation.api.schema import TOTAL, describe, enveloped, query_parameter
from distillation.api.schema_values import COUNT
from distillation.api.serializers.records import EvaluationSerializer, HistorySerializer, TransitionSerializer
from distillation.api.serializers.requests import EvaluationReportSerializer, HistoryRecordSerializer
from distillation.api.serializers.rows import writer
from distillation.api.views.base import ApiView, actor, find_task, task_to_change
from distillation.services import reports

ONE_OR_MANY = PolymorphicProxySerializer(
    "HistoryRecordOrRecords",
    [HistoryRecordSerializer(many=False), HistoryRecordSerializer(many=True)],
    resource_type_field_name=None,
    many=False,
)


class HistoryViews(ApiView):
    """``/tasks/{taskId}/history``."""

    public = True
    reports = {"create": True}

    @describe(_("List a task's history by epoch"), enveloped(HistorySerializer, many=True), tag="history",
              errors=(401, 404), operation="history_list", query=(TOTAL,))  # fmt: skip
    def list(self, request: Request, task_id: str) -> Response:
        """The first epoch first."""
        rows = find_task(request, task_id).history.order_by("epoch", "id")
        return array(HistorySerializer, rows)

    @describe(_("List a task's last epochs"), enveloped(HistorySerializer, many=True), tag="history",
              errors=(400, 401, 404), operation="history_latest",
              query=(query_parameter("limit", _("Rows; 10 when absent."), COUNT), TOTAL))  # fmt: skip
    def latest(self, request: Request, task_id: str) -> Response:
        """The last epoch first."""
        limit = query.rows(request, "limit", 10)
        rows = find_task(request, task_id).history.order_by("-epoch", "-id")
        return array(HistorySerializer, rows, limit)

    @describe(_("Record epochs of an external task"), tag="history", request=ONE_OR_MANY, operation="history_record")
    def create(self, request: Request, task_id: str) -> Response:
        """One record or an array; the same epoch again replaces that epoch."""
        task = task_to_change(request, task_id)
        sent: Any = request.data
        records: list[Mapping[str, Any]] = (
            [as_object(record) for record in sent] if isinstance(sent, list) else [body(request)]
        )
        reports.record_history(task, records)
        return Response(None)


class EvaluationViews(ApiView):
    """``/tasks/{taskId}/evaluations``."""

    public = True
    reports = {"create": True}

    @describe(_("List a task's evaluations"), enveloped(EvaluationSerializer, many=True), tag="evaluations",
              errors=(401, 404), operation="evaluations_list", query=(TOTAL,))  # fmt: skip
    def list(self, request: Request, task_id: str) -> Response:
        """The newest first."""
        rows = find_task(request, task_id).evaluations.order_by("-eval_time", "-id")
        return array(EvaluationSerializer, rows)

    @describe(_("Show a task's newest evaluation"), enveloped(EvaluationSerializer, nullable=True),
              tag="evaluations", errors=(401, 404), operation="evaluations_latest")  # fmt: skip
    def latest(self, request: Request, task_id: str) -> Response:
        """Null when there is none."""
        return _one(find_task(request, task_id).evaluations.order_by("-eval_time", "-id").first())

    @describe(_("Show a task's best evaluation"), enveloped(EvaluationSerializer, nullable=True),
              tag="evaluations", errors=(401, 404), operation="evaluations_best")  # fmt: skip
    def best(self, request: Request, task_id: str) -> Response:
        """The highest f1Score, then map50; null when there is none."""
        return _one(selectors.best_evaluation(find_task(request, task_id)))

    @describe(_("Record an evaluation of an external task"), enveloped(EvaluationSerializer), tag="evaluations",
              request=EvaluationReportSerializer, operation="evaluations_record")  # fmt: skip
    def create(self, request: Request, task_id: str) -> Response:
        """Figures are in percent."""
        return _one(reports.add_evaluation(task_to_change(request, task_id), body(request), actor(request)))


class TransitionViews(ApiView):
    """``/tasks/{taskId}/transitions``."""

    public = True

    @describe(_("List a task's moves"), enveloped(TransitionSerializer, many=True), tag="tasks",
              errors=(400, 401, 404), operation="transitions_list",
              query=(query_parameter("limit", _("Rows; as many as a list may hold when absent."), COUNT),
                     TOTAL))  # fmt: skip
    def list(self, request: Request, task_id: str) -> Response:
        """Who, when and why; of more than ``limit`` the last ones, the first of them first."""
        limit = query.rows(request, "limit", settings.DISTILLATION_LIST_LIMIT)
        answer = array(TransitionSerializer, find_task(request, task_id).transitions.order_by("-id"), limit)
        answer.data.reverse()
        return answer


def _one(evaluation: Any) -> Response:
    return Response(None if evaluation is None else writer(EvaluationSerializer).row(evaluation))
