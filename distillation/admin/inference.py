"""The list of labelling jobs. The page of one, and the form with which it begins, are in ``console.labelling``."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from distillation import selectors
from distillation.admin import figures
from distillation.admin.access import RolePage, actor, held
from distillation.admin.badge import badge
from distillation.contract.sentence import Refused
from distillation.models import InferenceJob, Intent, TaskStatus
from distillation.models.sentences import translate
from distillation.services import inference


@admin.action(description=_("Stop the ticked jobs"), permissions=["use"])
def stop_jobs(model_admin: InferenceAdmin, request: HttpRequest, queryset: QuerySet[InferenceJob]) -> None:
    """Stop each that is the person's own; say what was refused."""
    for job in queryset:
        if not selectors.may_change_job(held(request), job):
            template = gettext("{job} belongs to {owner}; only the owner and administrators change it.")
            messages.error(request, template.format(job=job.inference_id, owner=job.create_by or figures.DASH))
            continue
        try:
            inference.stop(job, actor(request))
        except Refused as refused:
            messages.error(request, translate(refused.sentence))
        else:
            messages.success(request, gettext("{job} stops.").format(job=job.inference_id))


@admin.register(InferenceJob)
class InferenceAdmin(RolePage, ModelAdmin):
    """The list; nothing is written here but by its action."""

    list_display = ["job", "state", "progress", "failed", "folders", "owner", "made"]
    list_display_links = ["job"]
    list_filter = ["status"]
    list_per_page = 50
    search_fields = ["inference_id", "task_id", "input_dir", "output_dir"]
    ordering = ["-create_time", "-id"]
    show_full_result_count = False
    actions = [stop_jobs]
    new_label = _("Label a folder")
    empty_title = _("Nothing has been labelled yet")
    empty_text = _(
        "A finished model labels a folder of pictures: classes, boxes or masks, in the formats of annotation tools."
    )

    class Media:
        js = ["distillation/labelling_list.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What the person may see."""
        return selectors.visible(super().get_queryset(request).filter(del_flag=0), held(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People who label."""
        return held(request).may_use_models

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A job has a page of its own; a new one begins with its model."""
        if object_id is not None:
            return redirect("admin:labelling", self.get_object(request, object_id).inference_id)
        if not self.has_add_permission(request):
            raise PermissionDenied
        return redirect("admin:label_choose")

    def has_use_permission(self, request: HttpRequest) -> bool:
        """For the action: people who label; which jobs is asked one by one."""
        return held(request).may_use_models

    @display(description=_("Labelling job"), ordering="inference_id")
    def job(self, job: InferenceJob) -> SafeString:
        """Its id, and the task whose model labels."""
        words = '<span class="dd-two dd-name"><b>{}</b><small class="dd-id">{}</small></span>'
        return format_html(words, job.inference_id, job.task_id)

    @display(description=_("Status"), ordering="status")
    def state(self, job: InferenceJob) -> SafeString:
        """The badge of tasks; for a job that was asked to stop, that it does."""
        status = TaskStatus(job.status)
        if status == TaskStatus.RUNNING and job.intent:
            return badge(status, str(Intent(job.intent).label), "warning", moving=True)
        return badge(status, moving=status == TaskStatus.RUNNING)

    @display(description=_("Pictures"))
    def progress(self, job: InferenceJob) -> SafeString:
        """A bar with the numbers beside it."""
        return format_html(
            '<span class="dd-bar dd-{}"><progress max="{}" value="{}" aria-label="{}"></progress><b>{} / {}</b></span>',
            TaskStatus(job.status).tone,
            job.total_images or 1,
            job.processed_images,
            gettext("progress"),
            figures.count(job.processed_images),
            figures.count(job.total_images),
        )

    @display(description=_("Failed"), ordering="failure_count")
    def failed(self, job: InferenceJob) -> SafeString:
        """How many pictures could not be labelled."""
        return format_html('<span class="dd-right dd-figure">{}</span>', figures.count(job.failure_count))

    @display(description=_("Folders"))
    def folders(self, job: InferenceJob) -> SafeString:
        """From where to where."""
        words = '<span class="dd-two dd-cut dd-broad" title="{0} → {1}"><span>{0}</span><small>→ {1}</small></span>'
        return format_html(words, job.input_dir, job.output_dir)

    @display(description=_("Owner"), ordering="create_by")
    def owner(self, job: InferenceJob) -> str:
        """Whose."""
        return job.create_by or figures.DASH

    @display(description=_("Submitted"), ordering="create_time")
    def made(self, job: InferenceJob) -> SafeString:
        """When."""
        return _when(job.create_time)


def _when(at: Any) -> SafeString:
    return format_html('<span class="dd-figure" title="{}">{}</span>', figures.moment(at), figures.ago(at))
