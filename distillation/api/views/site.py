"""What lies outside the nouns: health, and the answer for addresses that do not exist."""

from __future__ import annotations

from typing import Any

from django.db import Error
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from distillation import selectors
from distillation.api.envelope import OneRepresentation
from distillation.api.serializers.fields import LocalTime
from distillation.api.views.base import ApiView
from distillation.models import Worker

_EXAMPLE = {"status": "ok", "database": True, "worker": True, "workerLastSeen": "2026-01-31 13:45:00"}
_DOWN = {"status": "down", "database": False, "worker": False, "workerLastSeen": None}


class HealthSerializer(serializers.Serializer[Any]):
    """For load balancers: HTTP 200 when requests can be served, else 503."""

    status = serializers.CharField(help_text="ok, degraded (no worker) or down.")
    database = serializers.BooleanField(help_text="Whether it answers.")
    worker = serializers.BooleanField(help_text="Whether a worker was seen lately.")
    workerLastSeen = LocalTime(allow_null=True)  # noqa: N815


class HealthView(APIView):
    """``/health/``: open to everybody, without the envelope."""

    authentication_classes = []
    permission_classes = [AllowAny]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = OneRepresentation

    @extend_schema(  # type: ignore[untyped-decorator]
        summary=_("Whether the service can serve"),
        operation_id="health",
        tags=["site"],
        responses={200: HealthSerializer, 503: HealthSerializer},
        examples=[
            OpenApiExample("Everything runs", _EXAMPLE, response_only=True, status_codes=["200"]),
            OpenApiExample("No database", _EXAMPLE | _DOWN, response_only=True, status_codes=["503"]),
        ],
    )
    def get(self, request: Request) -> Response:
        """``degraded`` without a worker: tasks are kept, but nobody trains them."""
        try:
            worker = selectors.newest_worker()
        except Error:
            return Response(_health("down", None), status=503)
        alive = worker is not None and worker.seen_at >= timezone.now() - selectors.WORKER_SILENCE
        return Response(_health("ok" if alive else "degraded", worker))


class NothingHereView(ApiView):
    """Every address below the API's root that no route has: 404 in the envelope, for everybody."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Whatever the method is."""
        raise Http404

    @extend_schema(exclude=True)  # type: ignore[untyped-decorator]
    def nothing(self, request: Request) -> Response:
        """Never reached."""
        raise Http404


def _health(status: str, worker: Worker | None) -> dict[str, Any]:
    facts = {
        "status": status,
        "database": status != "down",
        "worker": status == "ok",
        "workerLastSeen": worker.seen_at if worker else None,
    }
    return dict(HealthSerializer(facts).data)
