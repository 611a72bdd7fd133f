"""Labelling folders of pictures with finished models, as jobs."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from distillation import selectors
from distillation.api.body import body
from distillation.api.envelope import Envelope
from distillation.api.errors import Forbidden, Missing
from distillation.api.lists import array
from distillation.api.permissions import USE
from distillation.api.schema import TOTAL, describe, enveloped
from distillation.api.serializers.inference import InferenceSerializer, NewInferenceSerializer
from distillation.api.serializers.rows import writer
from distillation.api.views.base import MAX_SHOWN_ID, ApiView, actor, find_task, person
from distillation.contract import labelling_request
from distillation.contract.sentence import Sentence, gettext_noop
from distillation.models import InferenceJob
from distillation.models.sentences import shown
from distillation.services import inference

TAG = "inference"


@extend_schema_serializer(many=False)
class InferenceIdEnvelopeSerializer(serializers.Serializer[None]):
    """The new job's id."""

    example = {"code": 200, "message": "OK", "data": "INF-1A2B3C4D"}

    code = serializers.IntegerField()
    message = serializers.CharField(help_text="Also says why the labels will not become a data set, if so.")
    data = serializers.CharField()  # type: ignore[assignment]


class InferenceViews(ApiView):
    """``/inference/…``."""

    needs = {"submit": USE, "destroy": USE}

    @describe(_("Label a folder of pictures with a finished model"), InferenceIdEnvelopeSerializer, tag=TAG,
              request=NewInferenceSerializer, errors=(400, 401, 404, 409), operation="inference_submit")  # fmt: skip
    def submit(self, request: Request) -> Response:
        """A worker carries the job out; what a killed one has labelled is not labelled again."""
        asked = labelling_request.parse(body(request))
        job = inference.submit(find_task(request, asked.task_id), asked, selectors.rights(person(request)))
        message = shown(job.import_note) if job.auto_import and job.import_note else "OK"
        return Response(Envelope(code=200, message=message, data=job.inference_id))

    @describe(_("List labelling jobs, newest first"), enveloped(InferenceSerializer, many=True), tag=TAG,
              errors=(401,), operation="inference_list", query=(TOTAL,))  # fmt: skip
    def list(self, request: Request) -> Response:
        """Those that the caller may see, as with tasks."""
        return array(InferenceSerializer, selectors.visible_jobs(request.user), settings.DISTILLATION_LIST_LIMIT)

    @describe(_("Show a labelling job"), enveloped(InferenceSerializer), tag=TAG, errors=(401, 404),
              operation="inference_show")  # fmt: skip
    def retrieve(self, request: Request, inference_id: str) -> Response:
        """With its counts and the first failures by name."""
        return Response(writer(InferenceSerializer).row(_find(request, inference_id)))

    @describe(_("Delete a labelling job"), tag=TAG, errors=(401, 403, 404), operation="inference_delete")
    def destroy(self, request: Request, inference_id: str) -> Response:
        """One that waits or runs is stopped first; the labels stay."""
        job = _find(request, inference_id)
        if not selectors.may_change_job(selectors.rights(request.user), job):
            template = gettext_noop("{job} belongs to {owner}; only the owner and administrators change it.")
            raise Forbidden(Sentence(template, {"job": job.inference_id, "owner": job.create_by or "–"}))
        inference.delete(job, actor(request))
        return Response(None)


def _find(request: Request, inference_id: str) -> InferenceJob:
    job = selectors.visible_jobs(request.user).filter(inference_id=inference_id).first()
    if job is None:
        template = gettext_noop("There is no labelling job {job}.")
        raise Missing(Sentence(template, {"job": inference_id[:MAX_SHOWN_ID]}))
    return job
