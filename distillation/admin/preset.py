"""LoRA presets: written through the services, deleted logically."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display

from distillation.admin import figures, preset_use
from distillation.admin.access import OwnedPage, actor
from distillation.admin.deleted import DeletedFilter, LogicalDeletion
from distillation.admin.preset_form import PresetForm, modules_of
from distillation.admin.visibility import visibility_word
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.models import LoraPreset
from distillation.models.sentences import translate
from distillation.services.presets import create_preset, delete_preset, restore_preset, update_preset

Write = Callable[[LoraPreset, str], object]


@admin.register(LoraPreset)
class PresetAdmin(LogicalDeletion, OwnedPage, ModelAdmin):
    """List and form of presets."""

    new_label = _("New LoRA preset")
    empty_title = _("There is no LoRA preset yet")
    empty_text = _("A preset keeps rank, alpha, dropout and target modules under a name, for any number of tasks.")
    list_display = ["name", "rank", "alpha", "dropout", "modules", "owner", "changed"]
    list_filter = ["visibility", DeletedFilter]
    list_per_page = 50
    search_fields = ["preset_name", "preset_desc", "target_modules"]
    ordering = ["preset_name", "id"]
    actions = ["delete_presets", "restore_presets"]
    show_full_result_count = False

    # The list

    @display(description=_("Preset"), ordering="preset_name")
    def name(self, preset: LoraPreset) -> SafeString:
        """Name and description."""
        deleted = format_html('<span class="dd-chip dd-chip-danger">{}</span>', gettext("Deleted"))
        return format_html(
            '<span class="dd-two dd-name" title="{0}"><b>{0}</b><small>{1} {2}</small></span>',
            preset.preset_name,
            preset.preset_desc or "",
            deleted if preset.del_flag else "",
        )

    @display(description=_("Rank"), ordering="lora_rank")
    def rank(self, preset: LoraPreset) -> SafeString:
        """Right-aligned."""
        return _figure(preset.lora_rank)

    @display(description=_("Alpha"), ordering="lora_alpha")
    def alpha(self, preset: LoraPreset) -> SafeString:
        """Right-aligned."""
        return _figure(preset.lora_alpha)

    @display(description=_("Dropout"), ordering="lora_dropout")
    def dropout(self, preset: LoraPreset) -> SafeString:
        """Right-aligned."""
        return _figure(preset.lora_dropout)

    @display(description=_("Target modules"))
    def modules(self, preset: LoraPreset) -> SafeString:
        """One chip a module."""
        names = modules_of(preset)
        chips = format_html_join(" ", '<span class="dd-chip dd-chip-plain">{}</span>', [(name,) for name in names[:8]])
        return format_html('<span title="{}">{}{}</span>', ", ".join(names), chips, " …" if len(names) > 8 else "")

    @display(description=_("Owner"), ordering="create_by")
    def owner(self, preset: LoraPreset) -> str:
        """Whose."""
        return preset.create_by or figures.DASH

    @display(description=_("Changed"), ordering="update_time")
    def changed(self, preset: LoraPreset) -> SafeString:
        """How long ago."""
        at = preset.update_time
        return format_html('<span class="dd-figure" title="{}">{}</span>', figures.moment(at), figures.ago(at))

    @admin.action(description=_("Delete the ticked presets"), permissions=["change"])
    def delete_presets(self, request: HttpRequest, queryset: QuerySet[LoraPreset]) -> None:
        """Hide them; they can be restored."""
        self._write_all(
            request, queryset.filter(del_flag=0), delete_preset, gettext("{name} is deleted; it can be restored.")
        )

    @admin.action(description=_("Restore the ticked presets"), permissions=["change"])
    def restore_presets(self, request: HttpRequest, queryset: QuerySet[LoraPreset]) -> None:
        """Bring them back."""
        self._write_all(request, queryset.filter(del_flag=1), restore_preset, gettext("{name} is back."))

    # One preset

    def get_urls(self) -> list[Any]:
        """The verbs before Django's own views."""
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/do/<str:verb>/", view(self.do), name="distillation_lorapreset_do"),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Create, change or look at a preset."""
        preset = self.get_object(request, object_id) if object_id is not None else None
        may = self.has_change_permission(request, preset) if preset else self.has_add_permission(request)
        if preset is None and not may:
            raise PermissionDenied
        editable = may and not (preset and preset.del_flag)
        if request.method == "POST" and not editable:
            raise PermissionDenied
        form = PresetForm(request.POST if request.method == "POST" else None, preset)
        if request.method == "POST" and (answer := self._save(request, preset, form)):
            return answer
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            "admin/distillation/lorapreset/form.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": preset.preset_name if preset else gettext("New LoRA preset"),
                "media": self.media,
                "original": preset,
                "preset": preset,
                "form": form,
                "editable": editable,
                "may_change": may,
                "modules": ", ".join(modules_of(preset)) if preset else "",
                "seen_by": visibility_word(preset.visibility) if preset else "",
                "list_url": reverse("admin:distillation_lorapreset_changelist"),
                **(preset_use.context(preset, modules_of(preset), request) if preset else {}),
            },
        )

    @method_decorator(require_POST)
    def do(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Delete or restore one preset."""
        preset = self.get_object(request, str(pk))
        if not self.has_change_permission(request, preset):
            raise PermissionDenied
        if verb == "delete":
            self._write_all(request, [preset], delete_preset, gettext("{name} is deleted; it can be restored."))
        elif verb == "restore":
            self._write_all(request, [preset], restore_preset, gettext("{name} is back."))
        else:
            raise Http404
        return redirect("admin:distillation_lorapreset_change", preset.pk)

    def _save(self, request: HttpRequest, preset: LoraPreset | None, form: PresetForm) -> HttpResponse | None:
        try:
            if preset is None:
                preset = create_preset(form.sent(), actor(request))
            else:
                update_preset(preset, form.sent(), actor(request), partial=False)
        except (InvalidRequest, Refused) as error:
            form.refuse(error)
            return None
        messages.success(request, gettext("{name} is saved.").format(name=preset.preset_name))
        return redirect("admin:distillation_lorapreset_changelist")

    def _write_all(self, request: HttpRequest, presets: Any, write: Write, done: str) -> None:
        for preset in presets:
            if not self.has_change_permission(request, preset):
                messages.error(request, _not_yours(preset))
                continue
            try:
                write(preset, actor(request))
            except Refused as refusal:
                messages.error(request, translate(refusal.sentence))
            else:
                messages.success(request, done.format(name=preset.preset_name))


def _not_yours(preset: LoraPreset) -> str:
    return gettext("%(preset)s belongs to %(owner)s; only the owner, as an engineer, and administrators change it.") % {
        "preset": preset.preset_name,
        "owner": preset.create_by or figures.DASH,
    }


def _figure(value: Any) -> SafeString:
    return format_html('<span class="dd-right dd-figure">{}</span>', value)
