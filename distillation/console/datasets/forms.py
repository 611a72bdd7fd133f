"""What is said about a data set when it is kept; the services check, their sentences appear at the fields."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from distillation.admin.service_form import ServiceForm
from distillation.admin.visibility import show_visibility
from distillation.models import Visibility
from distillation.selectors import Rights
from distillation.services.datasets import MAX_FOLDER


class KeepForm(ServiceForm):
    """Named as on the wire."""

    datasetId = forms.CharField(  # noqa: N815
        label=_("Folder"), required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "maxlength": MAX_FOLDER}),
        help_text=_("Its name in the data set root, by which tasks and scripts know it. It cannot be changed later."),
    )  # fmt: skip
    datasetName = forms.CharField(  # noqa: N815
        label=_("Name"), required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "maxlength": 255}),
        help_text=_("Shown in the place of the folder's name."),
    )  # fmt: skip
    visibility = forms.CharField(required=False)
    description = forms.CharField(
        label=_("Description"), required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2, "maxlength": 500})
    )

    def __init__(self, by: Rights, data: Any, folder: str, *, folder_is_fixed: bool) -> None:
        super().__init__(data, initial={"datasetId": folder, "visibility": Visibility.TEAM.value})
        show_visibility(self.fields["visibility"])
        if folder_is_fixed:
            del self.fields["datasetId"]
