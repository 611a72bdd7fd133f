"""The console: lists, forms and pages over the services. No rules of its own, no write past the services."""

from distillation.admin import account, preset, task, worker

__all__ = ["account", "preset", "task", "worker"]
