"""The form of a script token; the services check, their sentences appear at the fields."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from distillation.admin.service_form import ServiceForm
from distillation.models import Scope
from distillation.services.tokens import DEFAULT_DAYS, MAX_DAYS


class TokenForm(ServiceForm):
    """Named as on the wire."""

    name = forms.CharField(
        label=_("Name"), required=False, strip=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "maxlength": 50}),
        help_text=_("What it is for, such as the script or the machine that uses it."),
    )  # fmt: skip
    scope = forms.CharField(
        label=_("Scope"), required=False,
        widget=UnfoldAdminSelectWidget(choices=[(scope.value, scope.label) for scope in (Scope.READ, Scope.WRITE)]),
        help_text=_("Never more than you may yourself. A token that reports about one task is made over REST."),
    )  # fmt: skip
    expiresInDays = forms.CharField(  # noqa: N815
        label=_("Valid for days"), required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "class": "dd-number"}),
    )  # fmt: skip

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"scope": Scope.READ.value, "expiresInDays": DEFAULT_DAYS})
        self.fields["expiresInDays"].help_text = gettext("1 to %(limit)s; then it opens nothing any more.") % {
            "limit": MAX_DAYS
        }
