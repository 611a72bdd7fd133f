"""LoRA presets, by name."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from distillation.api.body import body
from distillation.api.errors import Missing
from distillation.api.lists import array
from distillation.api.permissions import CREATE
from distillation.api.schema import TOTAL, describe, enveloped
from distillation.api.serializers.records import PresetSerializer
from distillation.api.serializers.requests import NewPresetSerializer, PresetSettingsSerializer
from distillation.api.serializers.rows import writer
from distillation.api.views.base import MAX_SHOWN_ID, ApiView, actor, may_change
from distillation.contract.sentence import Sentence, gettext_noop
from distillation.models import LoraPreset
from distillation.selectors import rights, visible
from distillation.services import presets

TAG = "lora-presets"
PRESET = enveloped(PresetSerializer)


class PresetViews(ApiView):
    """``/lora-presets`` and ``/lora-presets/{presetName}``."""

    needs = {"create": CREATE}

    @describe(_("List LoRA presets"), enveloped(PresetSerializer, many=True), tag=TAG, errors=(401,),
              operation="presets_list", query=(TOTAL,))  # fmt: skip
    def list(self, request: Request) -> Response:
        """The oldest first."""
        seen = visible(LoraPreset.objects.alive(), rights(request.user)).order_by("id")
        return array(PresetSerializer, seen)

    @describe(_("Create a LoRA preset"), PRESET, tag=TAG, request=NewPresetSerializer, errors=(400, 401, 409),
              operation="presets_create")  # fmt: skip
    def create(self, request: Request) -> Response:
        """The name of a deleted preset brings that one back, with the new values."""
        return _answer(presets.create_preset(body(request), actor(request)))

    @describe(_("Show a LoRA preset"), PRESET, tag=TAG, errors=(401, 404), operation="presets_show")
    def retrieve(self, request: Request, preset_name: str) -> Response:
        """Names are compared without regard to case."""
        return _answer(_find(request, preset_name))

    @describe(_("Replace a LoRA preset"), PRESET, tag=TAG, request=PresetSettingsSerializer,
              operation="presets_replace")  # fmt: skip
    def update(self, request: Request, preset_name: str) -> Response:
        """What is left out gets its default."""
        preset = _find_to_change(request, preset_name)
        return _answer(presets.update_preset(preset, body(request), actor(request), partial=False))

    @describe(_("Change a LoRA preset"), PRESET, tag=TAG, request=PresetSettingsSerializer, operation="presets_edit")
    def partial_update(self, request: Request, preset_name: str) -> Response:
        """What is left out stays."""
        preset = _find_to_change(request, preset_name)
        return _answer(presets.update_preset(preset, body(request), actor(request), partial=True))

    @describe(_("Delete a LoRA preset"), tag=TAG, errors=(401, 404), operation="presets_delete")
    def destroy(self, request: Request, preset_name: str) -> Response:
        """Tasks keep the values that they took from it."""
        presets.delete_preset(_find_to_change(request, preset_name), actor(request))
        return Response(None)


def _find_to_change(request: Request, name: str) -> LoraPreset:
    preset = _find(request, name)
    may_change(request, preset.create_by)
    return preset


def _find(request: Request, name: str) -> LoraPreset:
    try:
        return presets.find_preset(name, rights(request.user))
    except LoraPreset.DoesNotExist:
        sentence = Sentence(gettext_noop("There is no LoRA preset {name}."), {"name": name[:MAX_SHOWN_ID]})
        raise Missing(sentence) from None


def _answer(preset: LoraPreset) -> Response:
    return Response(writer(PresetSerializer).row(preset))
