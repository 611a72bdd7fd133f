"""The form of a data set; the services check, their sentences appear at the fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from distillation.admin.service_form import ServiceForm
from distillation.admin.visibility import show_visibility
from distillation.models import Dataset, Visibility
from distillation.selectors import Rights
from distillation.services.datasets import free_folders


class DatasetForm(ServiceForm):
    """Named as on the wire. The folder is chosen once; the owner is given by administrators."""

    datasetId = forms.CharField(  # noqa: N815
        label=_("Folder"), required=False, strip=False, widget=UnfoldAdminSelect2Widget(),
        help_text=_("A folder of the data set root that nobody has registered."),
    )  # fmt: skip
    datasetName = forms.CharField(  # noqa: N815
        label=_("Name"), required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "maxlength": 255}),
        help_text=_("Shown in the place of the folder's name."),
    )  # fmt: skip
    description = forms.CharField(
        label=_("Description"), required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2, "maxlength": 500})
    )
    visibility = forms.CharField(required=False)
    owner = forms.CharField(
        label=_("Owner"), required=False, widget=UnfoldAdminSelect2Widget(),
        help_text=_("Who changes this besides administrators."),
    )  # fmt: skip

    def __init__(self, by: Rights, data: Any, dataset: Dataset | None, asked: Mapping[str, Any]) -> None:
        super().__init__(data, initial=_values(dataset, by, asked))
        show_visibility(self.fields["visibility"])
        if dataset is not None:
            del self.fields["datasetId"]
        else:
            folders = [("", gettext("Choose a folder")), *((name, name) for name in free_folders())]
            self.fields["datasetId"].widget.choices = folders
        if not by.administers:
            del self.fields["owner"]
        else:
            names = User.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)
            now = dataset.create_by if dataset and dataset.create_by else by.username
            choices = [("", "—"), *((name, name) for name in dict.fromkeys([*names, now]))]
            self.fields["owner"].widget.choices = choices


def _values(dataset: Dataset | None, by: Rights, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A new form may come with a folder in its address."""
    if dataset is None:
        return {"datasetId": asked.get("folder", ""), "visibility": Visibility.TEAM.value, "owner": by.username}
    return {
        "datasetName": dataset.dataset_name,
        "description": dataset.description,
        "visibility": dataset.visibility,
        "owner": dataset.create_by or "",
    }
