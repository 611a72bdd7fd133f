"""One action for many tasks, with a result a row."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from distillation import selectors
from distillation.api.body import body
from distillation.api.schema import describe, enveloped
from distillation.api.serializers.bulk import BulkResultSerializer, BulkSerializer, bulk_result
from distillation.api.views.base import ApiView, actor
from distillation.jobs import bulk


class BulkViews(ApiView):
    """``/tasks/bulk``."""

    @describe(_("Start, stop, pause, resume, delete or restore many tasks"), enveloped(BulkResultSerializer),
              tag="tasks", request=BulkSerializer, errors=(400, 401, 403), operation="tasks_bulk")  # fmt: skip
    def create(self, request: Request) -> Response:
        """Each task on its own: what one is refused for does not keep the others."""
        wanted = bulk.read_request(body(request))
        outcomes = bulk.carry_out_by_id(
            wanted.action, wanted.task_ids, actor(request), selectors.rights(request.user), fresh=wanted.fresh
        )
        return Response(bulk_result(outcomes))
