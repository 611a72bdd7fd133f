"""What can be done here, and what was done: capabilities and statistics."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from distillation import selectors
from distillation.api import query
from distillation.api.schema import describe, enveloped, query_parameter
from distillation.api.schema_values import COUNT
from distillation.api.serializers.capabilities import CapabilitiesSerializer
from distillation.api.serializers.statistics import StatisticsSerializer, figures
from distillation.api.views.base import ApiView
from distillation.services.capabilities import capabilities

TAG = "site"
MOST_DAYS = 36_500
DAYS = {**COUNT, "maximum": MOST_DAYS}


class CapabilityViews(ApiView):
    """``/capabilities``."""

    @describe(_("Show what this installation can do"), enveloped(CapabilitiesSerializer), tag=TAG, errors=(401,),
              operation="capabilities_show")  # fmt: skip
    def retrieve(self, request: Request) -> Response:
        """Options with limits and defaults, students, workers, limits of requests."""
        return Response(CapabilitiesSerializer(capabilities()).data)


class StatisticsViews(ApiView):
    """``/statistics``."""

    @describe(_("Sum up the tasks that you may see"), enveloped(StatisticsSerializer), tag=TAG, errors=(400, 401),
              operation="statistics_show",
              query=(query_parameter("days", _("Only tasks created in the last days."), DAYS),))  # fmt: skip
    def retrieve(self, request: Request) -> Response:
        """Samples and deleted tasks are left out. The queue and what runs are those of now, whatever ``days`` says."""
        days = query.whole(request, "days", MOST_DAYS)
        return Response(figures(selectors.task_statistics(selectors.rights(request.user), days)))
