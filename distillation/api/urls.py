"""The routes below ``/model-distillation``; literal ones stand before ``{taskId}``."""

from __future__ import annotations

from django.urls import path, re_path

from distillation.api.views.catalogue import CompletedModelViews, DatasetViews, ModelFileViews
from distillation.api.views.presets import PresetViews
from distillation.api.views.records import EvaluationViews, HistoryViews, TransitionViews
from distillation.api.views.reports import ReportViews
from distillation.api.views.site import NothingHereView
from distillation.api.views.tasks import TaskViews

app_name = "api"
TASK = "tasks/<str:task_id>"

urlpatterns = [
    path("tasks", TaskViews.as_view({"get": "list", "post": "create"}), name="tasks"),
    path("tasks/running", TaskViews.as_view({"get": "running"}), name="tasks-running"),
    path("tasks/recent", TaskViews.as_view({"get": "recent"}), name="tasks-recent"),
    path("tasks/status/<str:status>", TaskViews.as_view({"get": "by_status"}), name="tasks-by-status"),
    path(
        TASK,
        TaskViews.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="task",
    ),
    path(f"{TASK}/start", TaskViews.as_view({"post": "start"}), name="task-start"),
    path(f"{TASK}/stop", TaskViews.as_view({"post": "stop"}), name="task-stop"),
    path(f"{TASK}/pause", TaskViews.as_view({"post": "pause"}), name="task-pause"),
    path(f"{TASK}/resume", TaskViews.as_view({"post": "resume"}), name="task-resume"),
    path(f"{TASK}/clone", TaskViews.as_view({"post": "clone"}), name="task-clone"),
    path(f"{TASK}/progress", ReportViews.as_view({"put": "progress"}), name="task-progress"),
    path(f"{TASK}/complete", ReportViews.as_view({"post": "complete"}), name="task-complete"),
    path(f"{TASK}/error", ReportViews.as_view({"put": "error"}), name="task-error"),
    path(f"{TASK}/history", HistoryViews.as_view({"get": "list", "post": "create"}), name="history"),
    path(f"{TASK}/history/latest", HistoryViews.as_view({"get": "latest"}), name="history-latest"),
    path(f"{TASK}/evaluations", EvaluationViews.as_view({"get": "list", "post": "create"}), name="evaluations"),
    path(f"{TASK}/evaluations/latest", EvaluationViews.as_view({"get": "latest"}), name="evaluations-latest"),
    path(f"{TASK}/evaluations/best", EvaluationViews.as_view({"get": "best"}), name="evaluations-best"),
    path(f"{TASK}/transitions", TransitionViews.as_view({"get": "list"}), name="transitions"),
    path(f"{TASK}/model", ModelFileViews.as_view({"get": "retrieve"}), name="task-model"),
    path("lora-presets", PresetViews.as_view({"get": "list", "post": "create"}), name="presets"),
    path(
        "lora-presets/<str:preset_name>",
        PresetViews.as_view({"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}),
        name="preset",
    ),
    path("completed-models", CompletedModelViews.as_view({"get": "list"}), name="completed-models"),
    path("datasets", DatasetViews.as_view({"get": "list"}), name="datasets"),
    re_path(r"^[\s\S]*$", NothingHereView.as_view({"get": "nothing"}), name="nothing"),
]
