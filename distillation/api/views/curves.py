"""What grows with a run: curves and resources, as arrays that were built in the selectors."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from distillation.api import following, query
from distillation.api.body import body
from distillation.api.schema import describe, enveloped, query_parameter
from distillation.api.serializers.curves import (
    AcceptedPointsSerializer,
    CurvesSerializer,
    ReportedCurvesSerializer,
    ResourcesSerializer,
)
from distillation.api.views.base import ApiView, find_task, task_to_change
from distillation.contract.arms import ARMS
from distillation.selectors.curves import AXES, metrics
from distillation.selectors.resources import resources
from distillation.selectors.smoothing import MOST_WEIGHT
from distillation.services.point_reports import report_points

TAG = "curves"
SMOOTHING = query_parameter(
    "smoothing",
    _("Adds the moving average over all points of each whole curve: the weight of earlier points; none when absent."),
    {"type": "number", "minimum": 0, "maximum": MOST_WEIGHT},
)
SUPERSEDED = query_parameter("superseded", _("True: add the points that a resumed run took anew, all of them."), bool)


class MetricViews(ApiView):
    """``/tasks/{taskId}/metrics``."""

    public = True
    reports = {"create": True}

    @describe(_("Read a task's curves"), enveloped(CurvesSerializer), tag=TAG, errors=(400, 401, 404),
              operation="metrics_read",
              query=(query_parameter("names", _("Curves, with commas; all when absent.")),
                     query_parameter("arm", _("Only this arm."), enum=list(ARMS)),
                     query_parameter("x", _("The axis along which points are thinned; step when absent."),
                                     enum=list(AXES)),
                     SMOOTHING, SUPERSEDED,
                     following.MAX_POINTS, following.AFTER_POINT))  # fmt: skip
    def list(self, request: Request, task_id: str) -> Response:
        """In arrays, thinned to ``maxPoints`` a curve; with ``after`` only what was added."""
        most = following.points(request)
        names = following.words(request, "names")
        arm = following.one_of(request, "arm", ARMS, "")
        x = following.one_of(request, "x", list(AXES), "step")
        after = following.point_cursor(request, "after")
        smoothing = query.number(request, "smoothing", MOST_WEIGHT)
        superseded = query.flag(request, "superseded")
        task = find_task(request, task_id)
        return Response(
            metrics(
                task.pk, names=names, arm=arm, after=after, most=most, x=x, smoothing=smoothing, superseded=superseded
            )
        )

    @describe(_("Report points of an external task"), enveloped(AcceptedPointsSerializer), tag=TAG,
              request=ReportedCurvesSerializer, operation="metrics_report")  # fmt: skip
    def create(self, request: Request, task_id: str) -> Response:
        """In arrays; sending the same points again changes nothing."""
        task = task_to_change(request, task_id)
        return Response({"accepted": report_points(task, body(request))})


class ResourceViews(ApiView):
    """``/tasks/{taskId}/resources``."""

    public = True

    @describe(_("Read what a run used of its machine"), enveloped(ResourcesSerializer), tag=TAG,
              errors=(400, 401, 404), operation="resources_read",
              query=(following.MAX_POINTS, following.AFTER_ID))  # fmt: skip
    def list(self, request: Request, task_id: str) -> Response:
        """In arrays on one time axis; with ``after`` only what was added."""
        most = following.points(request)
        after = following.row_id(request, "after")
        return Response(resources(find_task(request, task_id).pk, after=after or 0, most=most))
