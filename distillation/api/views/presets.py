"""LoRA presets, by name."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from distillation.api.body import body
from distillation.api.errors import Missing
from distillation.api.schema import describe, enveloped
from distillation.api.serializers.records import PresetSerializer
from distillation.api.serializers.requests import PresetSettingsSerializer
from distillation.api.views.base import MAX_SHOWN_ID, ApiView, actor
from distillation.contract.sentence import Sentence, gettext_noop
from distillation.models import LoraPreset
from distillation.services import presets

TAG = "lora-presets"
PRESET = enveloped(PresetSerializer)


class PresetViews(ApiView):
    """``/lora-presets`` and ``/lora-presets/{presetName}``."""

    @describe(_("List LoRA presets"), enveloped(PresetSerializer, many=True), tag=TAG, errors=(401,),
              operation="presets_list")  # fmt: skip
    def list(self, request: Request) -> Response:
        """The oldest first."""
        return Response(PresetSerializer(LoraPreset.objects.alive().order_by("id"), many=True).data)

    @describe(_("Create a LoRA preset"), PRESET, tag=TAG, request=PresetSettingsSerializer, errors=(400, 401, 409),
              operation="presets_create")  # fmt: skip
    def create(self, request: Request) -> Response:
        """The name of a deleted preset brings that one back, with the new values."""
        return _answer(presets.create_preset(body(request), actor(request)))

    @describe(_("Show a LoRA preset"), PRESET, tag=TAG, errors=(401, 404), operation="presets_show")
    def retrieve(self, request: Request, preset_name: str) -> Response:
        """Names are compared without regard to case."""
        return _answer(_find(preset_name))

    @describe(_("Replace a LoRA preset"), PRESET, tag=TAG, request=PresetSettingsSerializer,
              operation="presets_replace")  # fmt: skip
    def update(self, request: Request, preset_name: str) -> Response:
        """What is left out gets its default."""
        preset = _find(preset_name)
        return _answer(presets.update_preset(preset, body(request), actor(request), partial=False))

    @describe(_("Change a LoRA preset"), PRESET, tag=TAG, request=PresetSettingsSerializer, operation="presets_edit")
    def partial_update(self, request: Request, preset_name: str) -> Response:
        """What is left out stays."""
        preset = _find(preset_name)
        return _answer(presets.update_preset(preset, body(request), actor(request), partial=True))

    @describe(_("Delete a LoRA preset"), tag=TAG, errors=(401, 404), operation="presets_delete")
    def destroy(self, request: Request, preset_name: str) -> Response:
        """Tasks keep the values that they took from it."""
        presets.delete_preset(_find(preset_name), actor(request))
        return Response(None)


def _find(name: str) -> LoraPreset:
    try:
        return presets.find_preset(name)
    except LoraPreset.DoesNotExist:
        sentence = Sentence(gettext_noop("There is no LoRA preset {name}."), {"name": name[:MAX_SHOWN_ID]})
        raise Missing(sentence) from None


def _answer(preset: LoraPreset) -> Response:
    return Response(PresetSerializer(preset).data)
