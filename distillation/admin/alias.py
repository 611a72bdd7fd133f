"""Teacher aliases: names in older requests, and who stands for them here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from distillation import selectors
from distillation.admin.access import AdministratorPage, actor
from distillation.models import TeacherAlias
from distillation.services import audit


@admin.register(TeacherAlias)
class AliasAdmin(AdministratorPage, ModelAdmin):
    """List and form."""

    new_label = _("New teacher alias")
    empty_title = _("There is no alias yet")
    empty_text = _(
        "Older clients send names of teachers that do not exist here. "
        "An alias says which teacher stands for such a name."
    )
    list_display = ["asked_for", "stands_for"]
    list_display_links = ["asked_for"]
    search_fields = ["alias", "teacher"]
    fields = ["alias", "teacher"]
    list_per_page = 100
    show_full_result_count = False

    def save_model(self, request: HttpRequest, obj: TeacherAlias, form: Any, change: bool) -> None:
        """Save and note; Django has opened the transaction."""
        before = audit.facts(TeacherAlias.objects.get(pk=obj.pk)) if change else None
        super().save_model(request, obj, form, change)
        audit.note("edit" if change else "create", obj, actor(request), before)

    def delete_model(self, request: HttpRequest, obj: TeacherAlias) -> None:
        """Note and delete; Django has opened the transaction."""
        audit.write("delete", obj, actor(request), audit.facts(obj), {})
        super().delete_model(request, obj)

    @display(description=_("Name in requests"), ordering="alias")
    def asked_for(self, alias: TeacherAlias) -> SafeString:
        """What clients send."""
        return format_html('<span class="dd-two dd-name" title="{0}"><b>{0}</b></span>', alias.alias)

    @display(description=_("Teacher here"), ordering="teacher")
    def stands_for(self, alias: TeacherAlias) -> SafeString:
        """The real name."""
        return format_html('<span class="dd-cut dd-broad" title="{0}">{0}</span>', alias.teacher)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Offer the teachers that exist; one that is gone meanwhile stays until another is chosen."""
        known = selectors.teachers(request.user)
        if obj is not None and obj.teacher not in dict(known):
            known = [*known, (obj.teacher, gettext("%(name)s (not found here)") % {"name": obj.teacher})]
        form = super().get_form(request, obj, change=change, **kwargs)
        form.base_fields["teacher"] = forms.ChoiceField(
            label=gettext("Teacher here"),
            choices=[("", gettext("Choose a teacher")), *known],
            widget=UnfoldAdminSelectWidget(),
            help_text=gettext("A completed task, or a directory below the models root."),
        )
        form.base_fields["alias"].help_text = gettext("What older clients send as teacherModel.")
        return form
