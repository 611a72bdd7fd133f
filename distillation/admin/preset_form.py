"""The form of a LoRA preset; the services check, their sentences appear at the fields."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from distillation.admin.visibility import show_visibility
from distillation.contract.options import BY_NAME
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.models import LoraPreset
from distillation.models.sentences import translate


class PresetForm(forms.Form):
    """Named as on the wire."""

    presetName = forms.CharField(label=_("preset name"), required=False, strip=False)  # noqa: N815
    presetDesc = forms.CharField(  # noqa: N815
        label=_("description"), required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2})
    )
    loraRank = forms.CharField(label=_("LoRA rank"), required=False)  # noqa: N815
    loraAlpha = forms.CharField(label=_("LoRA alpha"), required=False)  # noqa: N815
    loraDropout = forms.CharField(label=_("LoRA dropout"), required=False)  # noqa: N815
    visibility = forms.CharField(required=False)
    targetModules = forms.CharField(  # noqa: N815
        label=_("target modules"), required=False, help_text=_("Names with commas between them: q_proj, v_proj")
    )

    def __init__(self, data: Any = None, preset: LoraPreset | None = None) -> None:
        super().__init__(data, initial=_values(preset))
        for name, field in self.fields.items():
            if not isinstance(field.widget, forms.Textarea):
                field.widget = UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
            option = BY_NAME.get(name)
            if option is not None and option.minimum is not None:
                field.help_text = f"{gettext(option.help)} {option.minimum:g} – {option.maximum:g}"
        show_visibility(self.fields["visibility"])

    def sent(self) -> dict[str, str]:
        """What the services get."""
        return {name: self.data.get(name, "") for name in self.fields}

    def refuse(self, error: InvalidRequest | Refused) -> None:
        """Show why; a taken name at the name."""
        self.full_clean()
        if isinstance(error, Refused):
            self.add_error("presetName", translate(error.sentence))
            return
        for problem in error.problems:
            self.add_error(problem.field if problem.field in self.fields else None, translate(problem.sentence))


def _values(preset: LoraPreset | None) -> dict[str, Any]:
    """A new form shows the catalogue's defaults."""
    if preset is None:
        return {name: BY_NAME[name].default for name in ("loraRank", "loraAlpha", "loraDropout", "visibility")}
    return {
        "presetName": preset.preset_name,
        "presetDesc": preset.preset_desc,
        "loraRank": preset.lora_rank,
        "loraAlpha": preset.lora_alpha,
        "loraDropout": f"{preset.lora_dropout:f}".rstrip("0").rstrip(".") or "0",
        "targetModules": ", ".join(modules_of(preset)),
        "visibility": preset.visibility,
    }


def modules_of(preset: LoraPreset) -> list[str]:
    """The names of the target modules; a legacy row may hold plain text."""
    text = preset.target_modules or ""
    try:
        names = json.loads(text)
    except ValueError:
        names = text.split(",")
    return [str(name).strip() for name in names if str(name).strip()] if isinstance(names, list) else [text]
