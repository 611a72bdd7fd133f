"""Read models for pages and API: what is shown, to whom, in which order."""

from distillation.selectors.dataset_tasks import tasks_using
from distillation.selectors.inference import jobs_seen_by, may_change_job, may_see_pictures, visible_jobs
from distillation.selectors.rights import Rights, remember, rights, rights_from, rights_of, user_with_rights, visible
from distillation.selectors.statistics import Statistics, task_statistics
from distillation.selectors.task_filters import ModelFilters, TaskFilters, filter_tasks
from distillation.selectors.task_types import type_of_task
from distillation.selectors.tasks import (
    best_evaluation,
    completed_models,
    datasets,
    find_own_task,
    find_task,
    hidden_datasets,
    model_of,
    status_counts,
    tasks_seen_by,
    teachers,
    usable,
    visible_tasks,
)
from distillation.selectors.trials import own_trial, own_trials, trial_waits_for
from distillation.selectors.waiting import (
    WORKER_SILENCE,
    Wait,
    newest_worker,
    queue_position,
    waiting,
    waiting_reason,
    worker_seen,
)

__all__ = [
    "WORKER_SILENCE",
    "ModelFilters",
    "Rights",
    "Statistics",
    "TaskFilters",
    "Wait",
    "best_evaluation",
    "completed_models",
    "datasets",
    "filter_tasks",
    "find_own_task",
    "find_task",
    "hidden_datasets",
    "jobs_seen_by",
    "may_change_job",
    "may_see_pictures",
    "model_of",
    "newest_worker",
    "own_trial",
    "own_trials",
    "queue_position",
    "remember",
    "rights",
    "rights_from",
    "rights_of",
    "status_counts",
    "task_statistics",
    "tasks_seen_by",
    "tasks_using",
    "teachers",
    "trial_waits_for",
    "type_of_task",
    "usable",
    "user_with_rights",
    "visible",
    "visible_jobs",
    "visible_tasks",
    "waiting",
    "waiting_reason",
    "worker_seen",
]
