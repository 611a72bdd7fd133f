"""The console: lists, forms and pages over the services. No rules of its own, no write past the services."""

from distillation.admin import account, alias, audit_log, dataset, foreign, inference, preset, task, team, token, worker

__all__ = [
    "account",
    "alias",
    "audit_log",
    "dataset",
    "foreign",
    "inference",
    "preset",
    "task",
    "team",
    "token",
    "worker",
]
