"""The routes below ``/model-distillation``; literal ones stand before ``{taskId}``."""

from __future__ import annotations

from django.urls import path, re_path

from distillation.api.views.artifacts import ArtifactViews
from distillation.api.views.bulk import BulkViews
from distillation.api.views.catalogue import CompletedModelViews, DatasetViews, ModelFileViews
from distillation.api.views.curves import MetricViews, ResourceViews
from distillation.api.views.inference import InferenceViews
from distillation.api.views.logs import LogViews
from distillation.api.views.models import TaskModelViews
from distillation.api.views.planning import CloneViews, EffectiveConfigViews, ValidationViews
from distillation.api.views.presets import PresetViews
from distillation.api.views.records import EvaluationViews, HistoryViews, TransitionViews
from distillation.api.views.reports import ReportViews
from distillation.api.views.site import NothingHereView
from distillation.api.views.statistics import CapabilityViews, StatisticsViews
from distillation.api.views.stream import stream
from distillation.api.views.tasks import TaskViews
from distillation.api.views.tokens import TaskTokenViews

app_name = "api"
TASK = "tasks/<str:task_id>"

urlpatterns = [
    path("tasks", TaskViews.as_view({"get": "list", "post": "create"}), name="tasks"),
    path("tasks/validate", ValidationViews.as_view({"post": "create"}), name="tasks-validate"),
    path("tasks/bulk", BulkViews.as_view({"post": "create"}), name="tasks-bulk"),
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
    path(f"{TASK}/clone", CloneViews.as_view({"post": "create"}), name="task-clone"),
    path(f"{TASK}/effective-config", EffectiveConfigViews.as_view({"get": "retrieve"}), name="task-effective-config"),
    path(f"{TASK}/token", TaskTokenViews.as_view({"post": "create"}), name="task-token"),
    path(f"{TASK}/progress", ReportViews.as_view({"put": "progress"}), name="task-progress"),
    path(f"{TASK}/complete", ReportViews.as_view({"post": "complete"}), name="task-complete"),
    path(f"{TASK}/error", ReportViews.as_view({"put": "error"}), name="task-error"),
    path(f"{TASK}/model-path", TaskModelViews.as_view({"put": "model_path"}), name="task-model-path"),
    path(f"{TASK}/bind-external-model", TaskModelViews.as_view({"patch": "bind"}), name="task-bind-model"),
    path(f"{TASK}/history", HistoryViews.as_view({"get": "list", "post": "create"}), name="history"),
    path(f"{TASK}/history/latest", HistoryViews.as_view({"get": "latest"}), name="history-latest"),
    path(f"{TASK}/evaluations", EvaluationViews.as_view({"get": "list", "post": "create"}), name="evaluations"),
    path(f"{TASK}/evaluations/latest", EvaluationViews.as_view({"get": "latest"}), name="evaluations-latest"),
    path(f"{TASK}/evaluations/best", EvaluationViews.as_view({"get": "best"}), name="evaluations-best"),
    path(f"{TASK}/transitions", TransitionViews.as_view({"get": "list"}), name="transitions"),
    path(f"{TASK}/model", ModelFileViews.as_view({"get": "retrieve"}), name="task-model"),
    path(f"{TASK}/metrics", MetricViews.as_view({"get": "list", "post": "create"}), name="metrics"),
    path(f"{TASK}/resources", ResourceViews.as_view({"get": "list"}), name="resources"),
    path(f"{TASK}/logs", LogViews.as_view({"get": "list"}), name="logs"),
    path(f"{TASK}/logs/download", LogViews.as_view({"get": "download"}), name="logs-download"),
    path(f"{TASK}/artifacts", ArtifactViews.as_view({"get": "list"}), name="artifacts"),
    path(f"{TASK}/artifacts/<path:name>", ArtifactViews.as_view({"get": "retrieve"}), name="artifact"),
    path(f"{TASK}/stream", stream, name="stream"),
    path("lora-presets", PresetViews.as_view({"get": "list", "post": "create"}), name="presets"),
    path(
        "lora-presets/<str:preset_name>",
        PresetViews.as_view({"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}),
        name="preset",
    ),
    path("completed-models", CompletedModelViews.as_view({"get": "list"}), name="completed-models"),
    path("capabilities", CapabilityViews.as_view({"get": "retrieve"}), name="capabilities"),
    path("statistics", StatisticsViews.as_view({"get": "retrieve"}), name="statistics"),
    path("datasets", DatasetViews.as_view({"get": "list"}), name="datasets"),
    path("inference/submit", InferenceViews.as_view({"post": "submit"}), name="inference-submit"),
    path("inference/list", InferenceViews.as_view({"get": "list"}), name="inference-list"),
    path(
        "inference/<str:inference_id>",
        InferenceViews.as_view({"get": "retrieve", "delete": "destroy"}),
        name="inference",
    ),
    re_path(r"^[\s\S]*$", NothingHereView.as_view({"get": "nothing"}), name="nothing"),
]
