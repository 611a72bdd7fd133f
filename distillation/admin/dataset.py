"""Data sets: folders of the data set root with an owner, a name and a visibility; written through the services."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display

from distillation.admin import figures
from distillation.admin.access import OwnedPage, held
from distillation.admin.dataset_form import DatasetForm
from distillation.admin.visibility import visibility_chip, visibility_word
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.datasets.outline import outline
from distillation.models import Dataset
from distillation.models.sentences import as_read, translate
from distillation.services.datasets import change_dataset, forget_dataset, free_folders, register_dataset

MOST_FOLDERS = 30


class PagesList(ChangeList):
    """Leads to the page of a data set; its form is a step further."""

    def url_for_result(self, result: Any) -> str:
        """Where the row leads."""
        return reverse("admin:data_page", args=("set", result.pk))


@admin.register(Dataset)
class DatasetAdmin(OwnedPage, ModelAdmin):
    """List and page of registered folders."""

    list_display = ["name", "seen_by", "owner", "made"]
    list_display_links = ["name"]
    list_filter = ["visibility"]
    list_per_page = 50
    search_fields = ["dataset_id", "dataset_name", "description"]
    ordering = ["dataset_id"]
    show_full_result_count = False

    # The list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Rows lead to pages."""
        return PagesList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The registered ones, and above them the folders that nobody has registered."""
        free = free_folders() if held(request).has_role else []
        context = {
            **(extra_context or {}),
            "title": gettext("Data sets"),
            "free": free[:MOST_FOLDERS],
            "more_free": max(len(free) - MOST_FOLDERS, 0),
        }
        return super().changelist_view(request, context)

    @display(description=_("Data set"), ordering="dataset_id")
    def name(self, dataset: Dataset) -> SafeString:
        """Name and folder."""
        return format_html(
            '<span class="dd-two dd-name" title="{0}"><b>{0}</b><small class="dd-id">{1}</small></span>',
            dataset.dataset_name or dataset.dataset_id,
            dataset.dataset_id,
        )

    @display(description=_("Visibility"), ordering="visibility")
    def seen_by(self, dataset: Dataset) -> SafeString:
        """Who may see it."""
        return visibility_chip(dataset.visibility)

    @display(description=_("Owner"), ordering="create_by")
    def owner(self, dataset: Dataset) -> str:
        """Whose."""
        return dataset.create_by or figures.DASH

    @display(description=_("Registered"), ordering="create_time")
    def made(self, dataset: Dataset) -> SafeString:
        """Since when."""
        at = dataset.create_time
        return format_html('<span class="dd-figure" title="{}">{}</span>', figures.moment(at), figures.ago(at))

    # One data set

    def get_urls(self) -> list[Any]:
        """Taking a registration away, before Django's own views."""
        view = self.admin_site.admin_view
        return [path("<int:pk>/forget/", view(self.forget), name="distillation_dataset_forget"), *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Register, change or look at a data set."""
        dataset = self.get_object(request, object_id) if object_id is not None else None
        editable = self.has_change_permission(request, dataset) if dataset else self.has_add_permission(request)
        if not editable and (dataset is None or request.method == "POST"):
            raise PermissionDenied
        form = DatasetForm(held(request), request.POST if request.method == "POST" else None, dataset, request.GET)
        if request.method == "POST" and (answer := self._save(request, dataset, form)):
            return answer
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            "admin/distillation/dataset/form.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": str(dataset) if dataset else gettext("Register a data set"),
                "media": self.media + form.media,
                "original": dataset,
                "dataset": dataset,
                "description": as_read(dataset.description) if dataset else "",
                "form": form,
                "editable": editable,
                "wide": "datasetName description" if dataset else "description",
                "seen_by": visibility_word(dataset.visibility) if dataset else "",
                "list_url": reverse("admin:distillation_dataset_changelist"),
                **(_contents(dataset) if dataset else {}),
            },
        )

    @method_decorator(require_POST)
    def forget(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take the registration away; the files stay."""
        dataset = self.get_object(request, str(pk))
        if not self.has_change_permission(request, dataset):
            raise PermissionDenied
        forget_dataset(dataset, held(request))
        messages.success(request, gettext("{name} is no longer registered; its files stay.").format(name=dataset))
        return redirect("admin:distillation_dataset_changelist")

    def _save(self, request: HttpRequest, dataset: Dataset | None, form: DatasetForm) -> HttpResponse | None:
        try:
            if dataset is None:
                dataset = register_dataset(form.sent(), held(request))
            else:
                change_dataset(dataset, form.sent(), held(request))
        except (InvalidRequest, Refused) as error:
            form.refuse(error)
            return None
        messages.success(request, gettext("{name} is saved.").format(name=dataset))
        return redirect("admin:distillation_dataset_changelist")


def _contents(dataset: Dataset) -> dict[str, Any]:
    """What lies in the folder now."""
    found = outline(Path(settings.DATASETS_ROOT) / dataset.dataset_id)
    return {
        "contents": [
            (gettext("Classes"), figures.count(len(found.classes))),
            (gettext("Training pictures"), figures.count(found.train)),
            (gettext("Validation pictures"), figures.count(found.val)),
            (gettext("Pictures without a label"), figures.count(found.unlabeled)),
        ],
        "class_names": ", ".join(found.classes[:100]) + (" …" if len(found.classes) > 100 else ""),
        "problems": [translate(sentence) for sentence in found.problems],
    }
