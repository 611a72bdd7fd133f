"""Who may see a row: the choice in forms and the chip in lists and heads, the same for everything with an owner."""

from __future__ import annotations

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminSelectWidget

from distillation.models import Visibility


def show_visibility(field: forms.Field) -> None:
    """Make a field the choice of who may see the row."""
    field.label = _("Visibility")
    field.help_text = _("Who else sees it. My teams: everyone who shares a team with its owner.")
    field.widget = UnfoldAdminSelectWidget(choices=Visibility.choices)


def visibility_word(value: str) -> str:
    """The word from the point of view of a reader who need not be the owner."""
    words = {
        Visibility.PRIVATE.value: _("Only the owner"),
        Visibility.TEAM.value: _("The owner's teams"),
        Visibility.EVERYONE.value: _("Everyone"),
    }
    return words.get(value, value)


def visibility_chip(value: str) -> SafeString:
    """The word in a frame."""
    return format_html('<span class="dd-chip dd-chip-plain">{}</span>', visibility_word(value))
