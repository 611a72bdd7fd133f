"""The page that compares tasks, and what it asks for: curves, tasks to add, the table as a file."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from distillation.admin import badge
from distillation.admin.access import held
from distillation.console.compare import (
    chart_words,
    csv_file,
    curve_data,
    figures_table,
    seeds,
    settings_table,
    tradeoff,
)
from distillation.console.compare.chosen import MOST, Chosen, address, read
from distillation.console.compare.measured import Measured, described, grounds, measured
from distillation.console.page import render
from distillation.contract.arms import MOST_SEEDS
from distillation.models import TrainingTask
from distillation.selectors import comparison
from distillation_site.plotly_files import PLOTLY

MOST_FOUND = 20
LONGEST_QUERY = 100


@require_GET
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """The tasks of ``?tasks=`` side by side; at its shortest address, whatever the one that led here."""
    chosen = read(request)
    names = [task.task_id for task in chosen.tasks]
    if "add" in request.GET and not chosen.notes:
        return HttpResponseRedirect(address(names))
    context: dict[str, Any] = {
        "chosen": chosen,
        "chips": [(one, badge.status_badge(one.task)) for one in chosen.ones],
        "limit": MOST,
        "names": ",".join(names),
        "suggested": _suggested(request, chosen) if not chosen.enough else [],
        "list_url": reverse("admin:distillation_trainingtask_changelist"),
    }
    if chosen.enough:
        context |= _comparison(chosen)
    return render(request, "compare/page.html", _("Compare tasks"), context)


@require_GET
@never_cache
def curves(request: HttpRequest) -> HttpResponse:
    """One curve of all tasks."""
    return JsonResponse(curve_data.drawn(read(request), curve_data.wanted(request)))


@require_GET
@never_cache
def search(request: HttpRequest) -> HttpResponse:
    """Tasks that the person may see and could add."""
    text = request.GET.get("q", "").strip().replace("\0", "")[:LONGEST_QUERY]
    found = comparison.tasks_like(held(request), text, MOST_FOUND)
    return JsonResponse({"tasks": [_offered(task) for task in found]})


@require_GET
@never_cache
def export(request: HttpRequest) -> HttpResponse:
    """Settings and figures as a CSV."""
    chosen = read(request)
    rows = _measured(chosen)
    settings = settings_table.rows(settings_table.settings(chosen.tasks))
    answer = HttpResponse(
        csv_file.text(rows, settings, figures_table.table(rows)), content_type="text/csv; charset=utf-8"
    )
    stamp = timezone.localtime().strftime("%Y%m%d-%H%M%S")
    answer["Content-Disposition"] = f'attachment; filename="compare-{stamp}.csv"'
    return answer


def _comparison(chosen: Chosen) -> dict[str, Any]:
    rows = _measured(chosen)
    values = settings_table.settings(chosen.tasks)
    settings = settings_table.rows(values)
    names = [task.task_id for task in chosen.tasks]
    table = figures_table.table(rows)
    return {
        "plotly": PLOTLY,
        "table": table,
        "verdict": figures_table.verdict(table, rows),
        "chart_words": chart_words.words(),
        "grounds": _grounds(rows),
        "settings": settings,
        "differing": sum(setting.differs for setting in settings),
        "pictures": tradeoff.pictures(rows),
        "seeds": seeds.read(rows, values),
        "curves": curve_data.choices(chosen.tasks),
        "arms": curve_data.arms(chosen.tasks, (min(max(len(each["seeds"] or ()), 1), MOST_SEEDS) for each in values)),
        "smoothings": curve_data.SMOOTHINGS,
        "lines": chosen.lines,
        "curves_url": address(names, "compare_curves"),
        "export_url": address(names, "compare_export"),
    }


def _measured(chosen: Chosen) -> list[Measured]:
    evaluations = comparison.newest_evaluations(chosen.tasks)
    return [measured(one, evaluations.get(one.task.task_id)) for one in chosen.ones]


def _grounds(rows: list[Measured]) -> list[tuple[str, str]]:
    """What the evaluations were made on, and of which tasks; empty where it is the same for all."""
    found = grounds(rows)
    if len(found) < 2:
        return []
    return [(", ".join(row.one.letter for row in group), described(ground, group)) for ground, group in found.items()]


def _suggested(request: HttpRequest, chosen: Chosen) -> list[dict[str, str]]:
    """The newest tasks, for a page that has nothing to compare yet."""
    here = [task.task_id for task in chosen.tasks]
    found = comparison.tasks_like(held(request), "", MOST_FOUND)
    return [{**_offered(task), "url": address([*here, task.task_id])} for task in found if task.task_id not in here]


def _offered(task: TrainingTask) -> dict[str, str]:
    return {
        "id": task.task_id,
        "name": task.task_name,
        "models": " → ".join(name for name in (task.teacher_model, task.student_model) if name),
        "status": badge.state(task).label,
    }
