"""The files of a finished run: which there are, and each of them."""

from __future__ import annotations

import os
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from distillation.api.errors import Missing
from distillation.api.files import ChunkedFile
from distillation.api.permissions import USE
from distillation.api.schema import describe, enveloped
from distillation.api.serializers.curves import ArtifactSerializer
from distillation.api.views.base import MAX_SHOWN_ID, ApiView, find_task
from distillation.api.views.catalogue import MODEL_SUFFIXES
from distillation.contract.sentence import Sentence, gettext_noop
from distillation.models import TrainingTask
from distillation.storage.artifacts import artifacts, open_artifact
from distillation.storage.local import model_file
from distillation.storage.run_result import checksums

TAG = "models"


class ArtifactViews(ApiView):
    """``/tasks/{taskId}/artifacts``; never public."""

    needs = {"list": USE, "retrieve": USE}

    @describe(_("List the files of a run"), enveloped(ArtifactSerializer, many=True), tag=TAG,
              errors=(401, 403, 404), operation="artifacts_list")  # fmt: skip
    def list(self, request: Request, task_id: str) -> Response:
        """Model, configuration, evaluation and what else there is, with their kinds, sizes and checksums."""
        task = find_task(request, task_id)
        return Response(_own_files(task) + _model_elsewhere(task))

    @describe(_("Download a file of a run"), tag=TAG, operation="artifacts_download",
              answer={(200, "application/octet-stream"): OpenApiTypes.BINARY}, errors=(401, 403, 404))  # fmt: skip
    def retrieve(self, request: Request, task_id: str, name: str) -> Any:
        """One that the list names."""
        task = find_task(request, task_id)
        found = open_artifact(task.task_id, name)
        if found is None:
            raise Missing(
                Sentence(
                    gettext_noop("{task} has no file {name} to download."),
                    {"task": task.task_id, "name": name[:MAX_SHOWN_ID]},
                )
            )
        with found:
            content = os.fdopen(os.dup(found.descriptor), "rb")
        return ChunkedFile(content, as_attachment=True, filename=f"{task.task_id}-{name.rsplit('/', 1)[-1]}",
                           content_type="application/octet-stream")  # fmt: skip


def _own_files(task: TrainingTask) -> list[dict[str, Any]]:
    folder, stated = f"runs/{task.task_id}/artifacts/", checksums(task.task_id)
    if task.model_path and task.model_sha256 and task.model_path.startswith(folder):
        stated[task.model_path.removeprefix(folder)] = task.model_sha256
    return [
        {
            "name": artifact.name,
            "kind": artifact.kind,
            "bytes": artifact.bytes,
            "sha256": stated.get(artifact.name),
            "url": reverse("api:artifact", kwargs={"task_id": task.task_id, "name": artifact.name}),
        }
        for artifact in artifacts(task.task_id)
    ]


def _model_elsewhere(task: TrainingTask) -> list[dict[str, Any]]:
    """A model that was bound to the task lies outside its run; it has an address of its own."""
    path = model_file(task.model_path)
    if path is None or path.suffix not in MODEL_SUFFIXES or _is_own(task):
        return []
    return [
        {
            "name": path.name,
            "kind": "onnx" if path.suffix == ".onnx" else "weights",
            "bytes": path.stat().st_size,
            "sha256": task.model_sha256,
            "url": reverse("api:task-model", kwargs={"task_id": task.task_id}),
        }
    ]


def _is_own(task: TrainingTask) -> bool:
    return (task.model_path or "").startswith(f"runs/{task.task_id}/artifacts/")
