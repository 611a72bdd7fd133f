"""Training tasks in the console. Every write goes through the services; Django's own saving and deleting is off."""

from __future__ import annotations

import os
import tempfile
import zipfile
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from unfold.admin import ModelAdmin

from distillation import selectors
from distillation.admin import task_bulk, task_page, task_stream, task_table, verbs
from distillation.admin.access import OwnedPage, actor, held
from distillation.admin.deleted import LogicalDeletion
from distillation.api.files import ChunkedFile
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.models import TrainingTask
from distillation.models.sentences import translate
from distillation.storage.artifacts import BESIDE_THE_MODEL, open_artifact
from distillation.storage.local import model_file
from distillation.storage.run_result import EXAMPLES


@admin.register(TrainingTask)
class TaskAdmin(LogicalDeletion, OwnedPage, ModelAdmin):
    """List, form and page of tasks."""

    search_fields = ["task_name", "task_id"]
    """Of the choices in other forms; the list has a search of its own."""
    ordering = ["-create_time", "-id"]

    # The list

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list; a posted one carries out a verb on what is ticked."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            answer = task_bulk.carry_out(request)
            return self._render(request, "confirm.html", "", answer) if isinstance(answer, dict) else answer
        first = task_table.first_view(request)
        if first is not None:
            return redirect(f"{request.path}?{first}")
        context = task_table.page(request)
        bar = task_bulk.buttons(held(request), context["asked"].deleted)
        return self._render(request, "change_list.html", _("Training tasks"), {**context, "bar": bar})

    @method_decorator(require_GET)
    def results(self, request: HttpRequest, key: str) -> HttpResponse:
        """What became of each ticked task."""
        found = task_bulk.results(request, key)
        if found is None:
            raise Http404
        return self._render(request, "results.html", _("Results"), found)

    # One task

    def get_urls(self) -> list[Any]:
        """The console's own views before Django's."""
        view = self.admin_site.admin_view
        return [
            path("results/<str:key>/", view(self.results), name="distillation_trainingtask_results"),
            path("<int:pk>/do/<str:verb>/", view(self.do), name="distillation_trainingtask_do"),
            path("<int:pk>/live/", view(self.live), name="distillation_trainingtask_live"),
            path("<int:pk>/stream/", view(self.stream), name="distillation_trainingtask_stream"),
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
        """Look at a task; the wizard stands at the address of a new one, and changes those that have not started."""
        if object_id is None:
            raise Http404
        task = self.get_object(request, object_id)
        if request.method == "POST":
            if not self.has_change_permission(request, task):
                raise PermissionDenied
            return HttpResponseNotAllowed(["GET"])
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
        return redirect("admin:index" if request.POST.get("next") == "overview" else _url(task))

    @method_decorator([require_GET, never_cache])
    def live(self, request: HttpRequest, pk: int) -> JsonResponse:
        """The figures of a queued or running task."""
        return JsonResponse(task_page.live(self.get_object(request, str(pk))))

    @method_decorator(require_GET)
    def stream(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """What happens to the task, as it happens, with the figures as the page shows them."""
        return task_stream.stream(request, self.get_object(request, str(pk)))

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
