"""What there is to choose from: completed models with their files, and data sets."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from distillation import selectors
from distillation.api.errors import Missing
from distillation.api.files import ChunkedFile
from distillation.api.filter_schema import filter_parameters
from distillation.api.lists import array
from distillation.api.permissions import USE
from distillation.api.schema import TOTAL, describe, enveloped
from distillation.api.serializers.records import DatasetSerializer
from distillation.api.serializers.task import CompletedModelSerializer
from distillation.api.views.base import ApiView, find_task
from distillation.contract.sentence import Sentence, gettext_noop

MODEL_SUFFIXES = (".safetensors", ".onnx")


class CompletedModelViews(ApiView):
    """``/completed-models``."""

    public = True

    @describe(_("List completed models, the most accurate first"), enveloped(CompletedModelSerializer, many=True),
              tag="models", errors=(400, 401), operation="completed_models_list",
              query=(*filter_parameters(selectors.ModelFilters), TOTAL))  # fmt: skip
    def list(self, request: Request) -> Response:
        """Models without a file are listed too, with the reason."""
        tasks = selectors.completed_models(request.user, request.query_params)
        return array(CompletedModelSerializer, tasks, settings.DISTILLATION_LIST_LIMIT)


class ModelFileViews(ApiView):
    """``/tasks/{taskId}/model``; never public."""

    needs = {"retrieve": USE}

    @describe(_("Download a task's model"), tag="models", operation="tasks_model",
              answer={(200, "application/octet-stream"): OpenApiTypes.BINARY}, errors=(401, 404))  # fmt: skip
    def retrieve(self, request: Request, task_id: str) -> Any:
        """The safetensors or ONNX file. The path is the task's own; one that leads out of the home is not followed."""
        task = find_task(request, task_id)
        path = selectors.model_of(task)
        if path is None or path.suffix not in MODEL_SUFFIXES:  # other files of the home are nobody's model
            raise Missing(Sentence(gettext_noop("{task} has no model file to download."), {"task": task.task_id}))
        return ChunkedFile(path.open("rb"), as_attachment=True, filename=f"{task.task_id}{path.suffix}")


class DatasetViews(ApiView):
    """``/datasets``."""

    @describe(_("List data sets"), enveloped(DatasetSerializer, many=True), tag="datasets", errors=(401,),
              operation="datasets_list")  # fmt: skip
    def list(self, request: Request) -> Response:
        """What lies below the data set root, usable or not."""
        return Response(DatasetSerializer(selectors.datasets(request.user), many=True).data)
