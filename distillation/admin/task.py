"""Training tasks in the console. Every write goes through the services; Django's own saving and deleting is off."""

from __future__ import annotations

import os
import tempfile
import zipfile
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from unfold.admin import ModelAdmin

from distillation import selectors
from distillation.admin import task_list, task_page, verbs
from distillation.admin.access import OwnedPage, actor, held
from distillation.admin.deleted import LogicalDeletion
from distillation.admin.task_actions import bulk_actions
from distillation.admin.task_form import TaskForm
from distillation.api.files import ChunkedFile
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.models import Executor, TaskStatus, TrainingTask
from distillation.models.sentences import translate
from distillation.services.tasks import create_task, edit_task
from distillation.storage.artifacts import BESIDE_THE_MODEL, open_artifact
from distillation.storage.local import model_file
from distillation.storage.run_result import EXAMPLES


@admin.register(TrainingTask)
class TaskAdmin(LogicalDeletion, OwnedPage, task_list.TaskColumns, ModelAdmin):
    """List, form and page of tasks."""

    list_display = task_list.COLUMNS
    list_display_links = ["task"]
    list_filter = task_list.FILTERS
    list_fullwidth = True
    list_per_page = 50
    search_fields = ["task_name", "task_id", "teacher_model", "student_model", "description"]
    search_help_text = None
    ordering = ["-create_time", "-id"]
    actions = bulk_actions()
    show_full_result_count = False

    # What is allowed

    def may_edit(self, request: HttpRequest, task: TrainingTask) -> bool:
        """Only before the start; a sample is cloned instead."""
        return (
            task.status == TaskStatus.PENDING
            and not task.del_flag
            and task.executor != Executor.SAMPLE
            and self.has_change_permission(request, task)
        )

    # The list

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list with its row of statuses."""
        chips = task_list.chips(request.GET.get("status__exact", ""), held(request))
        return super().changelist_view(
            request,
            {
                **(extra_context or {}),
                "title": _("Training tasks"),
                "chips": chips,
                "none_at_all": not any(chip["count"] for chip in chips) and not request.GET,
            },
        )

    # One task

    def get_urls(self) -> list[Any]:
        """The console's own views before Django's."""
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/do/<str:verb>/", view(self.do), name="distillation_trainingtask_do"),
            path("<int:pk>/live/", view(self.live), name="distillation_trainingtask_live"),
            path("<int:pk>/model/", view(self.model_archive), name="distillation_trainingtask_model"),
            path("<int:pk>/examples/<int:number>/", view(self.example), name="distillation_trainingtask_example"),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Create, edit or look at a task."""
        if object_id is None:
            if not self.has_add_permission(request):
                raise PermissionDenied
            return self._form(request, None)
        task = self.get_object(request, object_id)
        if self.may_edit(request, task):
            return self._form(request, task)
        if request.method == "POST":
            if not self.has_change_permission(request, task):
                raise PermissionDenied
            messages.error(request, _("%(task)s cannot be changed any more; clone it.") % {"task": task.task_id})
            return redirect(_url(task))
        context = {**task_page.page(task, request), "original": task}
        return self._render(request, "detail.html", task.task_name, context)

    @method_decorator(require_POST)
    def do(self, request: HttpRequest, pk: int, verb: str) -> HttpResponse:
        """Carry out a verb on one task and go back to its page."""
        if verb not in verbs.VERBS:
            raise Http404
        task = self.get_object(request, str(pk))
        if not verbs.allowed(verb, task, request):
            raise PermissionDenied
        done = verbs.VERBS[verb].done
        try:
            result = verbs.VERBS[verb].run(task, actor(request))
        except Refused as refusal:
            messages.error(request, translate(refusal.sentence))
        except InvalidRequest as invalid:
            for problem in invalid.problems:
                messages.error(request, translate(problem.sentence))
        else:
            messages.success(request, str(done).format(task=task.task_id))
            task = result if isinstance(result, TrainingTask) else task
        return redirect(_url(task))

    @method_decorator([require_GET, never_cache])
    def live(self, request: HttpRequest, pk: int) -> JsonResponse:
        """The figures of a queued or running task."""
        return JsonResponse(task_page.live(self.get_object(request, str(pk))))

    @method_decorator(require_GET)
    def model_archive(self, request: HttpRequest, pk: int) -> ChunkedFile:
        """The small model and what was delivered with it as one ZIP file, for those who may use models."""
        task = self.get_object(request, str(pk))
        if not held(request).may_use_models:
            raise PermissionDenied
        file = model_file(task.model_path) if selectors.usable(task) is None else None
        if file is None:
            raise Http404
        archive = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as bundle:
            for part in (file, *(file.parent / name for name in BESIDE_THE_MODEL)):
                if part.is_file() and not part.is_symlink():
                    bundle.write(part, f"{task.task_id}/{part.name}")
        archive.seek(0)
        return ChunkedFile(archive, as_attachment=True, filename=f"{task.task_id}.zip")

    @method_decorator(require_GET)
    def example(self, request: HttpRequest, pk: int, number: int) -> ChunkedFile:
        """A held-out picture with the student's answer, for those who may use models."""
        task = self.get_object(request, str(pk))
        if not held(request).may_use_models:
            raise PermissionDenied
        found = open_artifact(task.task_id, f"{EXAMPLES}/{number}.jpg")
        if found is None:
            raise Http404
        with found:
            content = os.fdopen(os.dup(found.descriptor), "rb")
        return ChunkedFile(content, content_type="image/jpeg")

    # How

    def _form(self, request: HttpRequest, task: TrainingTask | None) -> HttpResponse:
        form = TaskForm(request, task, request.POST if request.method == "POST" else None)
        if request.method == "POST":
            answer = self._save(request, task, form)
            if answer is not None:
                return answer
        context = {**task_page.head(task, request), "original": task} if task else {}
        title = task.task_name if task else _("New training task")
        return self._render(request, "form.html", title, {**context, "form": form})

    def _save(self, request: HttpRequest, task: TrainingTask | None, form: TaskForm) -> HttpResponseRedirect | None:
        """The page to go to, or None when the form shows what was refused."""
        try:
            saved = edit_task(task, form.sent(), actor(request)) if task else create_task(form.sent(), actor(request))
        except InvalidRequest as invalid:
            form.refuse(invalid)
            return None
        except Refused as refusal:
            messages.error(request, translate(refusal.sentence))
            return redirect(_url(task)) if task else None
        if "_start" in request.POST:
            return self._started(request, saved)
        messages.success(request, _("%(task)s is saved; it has not started yet.") % {"task": saved.task_id})
        return redirect(_url(saved))

    def _started(self, request: HttpRequest, task: TrainingTask) -> HttpResponseRedirect:
        try:
            verbs.VERBS["start"].run(task, actor(request))
        except Refused as refusal:
            messages.warning(
                request,
                _("%(task)s is saved but cannot start: %(why)s")
                % {"task": task.task_id, "why": translate(refusal.sentence)},
            )
        else:
            messages.success(request, str(verbs.VERBS["start"].done).format(task=task.task_id))
        return redirect(_url(task))

    def _render(self, request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            f"admin/distillation/trainingtask/{template}",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": title,
                "media": self.media,
                "has_view_permission": True,
                "has_add_permission": self.has_add_permission(request),
                "list_url": reverse("admin:distillation_trainingtask_changelist"),
                **context,
            },
        )


def _url(task: TrainingTask) -> str:
    return reverse("admin:distillation_trainingtask_change", args=[task.pk])
