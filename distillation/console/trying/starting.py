"""The page on which a person brings pictures or texts; what is wrong with them stands above the form."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from distillation import selectors
from distillation.admin import figures
from distillation.admin.access import held
from distillation.admin.badge import badge
from distillation.console.page import render, task_or_404
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused, Sentence
from distillation.contract.trial import MAX_BYTES, MOST
from distillation.models import TaskStatus, TrainingTask, Trial
from distillation.models.sentences import translate
from distillation.services import trials
from distillation.services.trial_uploads import FORMATS, MAX_TOTAL, PICTURES, TEXTS

RECENT = 5
_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "BMP": "image/bmp", "TIFF": "image/tiff",
          "GIF": "image/gif"}  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the form; begin a trial with what it sends."""
    task = task_or_404(request, pk)
    problems: list[str] = []
    if request.method == "POST":
        try:
            uploads, said = request.FILES.getlist(PICTURES), request.POST.get(TEXTS, "")
            trial = trials.begin(task, uploads, said, held(request))
        except Refused as refused:
            problems = [translate(refused.sentence)]
        except InvalidRequest as invalid:
            problems = [translate(problem.sentence) for problem in invalid.problems]
        else:
            return redirect("admin:trial", trial.trial_id)
    context = {
        "task": task,
        "problems": problems,
        "texts": request.POST.get(TEXTS, ""),
        "recent": [_row(trial) for trial in selectors.own_trials(held(request), task, RECENT)],
        "kept_hours": trials.KEPT_HOURS,
        **_asked(task, request),
    }
    return render(request, "trying/start.html", _("Try it"), context, status=400 if problems else 200)


def _asked(task: TrainingTask, request: HttpRequest) -> dict[str, Any]:
    """What can be brought and who will answer, or why the model cannot be tried."""
    try:
        task_type = trials.task_type_of(task)
    except Refused as refused:
        return {"reason": translate(refused.sentence)}
    teacher = trials.teacher_of(task, held(request))
    return {
        "of_texts": task_type == "text",
        "teacher": "" if isinstance(teacher, Sentence) else teacher.name,
        "no_teacher": translate(teacher) if isinstance(teacher, Sentence) else "",
        "no_worker": not selectors.worker_seen(),
        "most": MOST,
        "accept": ",".join(_TYPES[kind] for kind in FORMATS),
        "formats": ", ".join(FORMATS),
        "max_bytes": MAX_BYTES,
        "max_total": MAX_TOTAL,
        "max_size": f"{MAX_BYTES // 1024**2} MB",
        "max_total_size": f"{MAX_TOTAL // 1024**2} MB",
    }


def _row(trial: Trial) -> dict[str, Any]:
    return {
        "id": trial.trial_id,
        "count": trial.input_count,
        "badge": badge(TaskStatus(trial.status), moving=trial.status == TaskStatus.RUNNING),
        "at": figures.moment(trial.create_time),
        "ago": figures.ago(trial.create_time),
    }
