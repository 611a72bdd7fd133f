"""Request bodies of the two endpoints for models from elsewhere, for the schema; services check what is sent."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from distillation.api.schema_values import SentField, path_text
from distillation.services.model_files import MAX_PATH


class ModelReportSerializer(serializers.Serializer[Any]):
    """What a script says about its model; what is absent stays as it was."""

    modelPath = SentField(  # noqa: N815
        path_text(MAX_PATH), help_text=_("A path on the script's machine; it is shown, never opened.")
    )
    modelUrl = SentField(  # noqa: N815
        path_text(MAX_PATH), help_text=_("An http(s) address, or a path that begins with a slash.")
    )


class BindingSerializer(serializers.Serializer[Any]):
    """Which model the task gets; here or in the query."""

    modelPath = SentField(  # noqa: N815
        path_text(MAX_PATH),
        help_text=_("A .safetensors, .onnx, .pt or .pth file below the models root; .pt and .pth are converted."),
    )
