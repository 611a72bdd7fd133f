"""Addresses of the wizard, and what a browser sends of its pages."""

from __future__ import annotations

from django.urls import reverse

ADD = "/admin/distillation/trainingtask/add/"


def filled(**values):
    return {"taskName": "认出数字", "datasetId": "digits", "teacherModel": "big-teacher", "studentModel": "cnn-tiny",
            "trainingMode": "distillation", **values}  # fmt: skip


def edit_of(task, more: str = "") -> str:
    return reverse(f"admin:distillation_trainingtask_edit{more}", args=[task.pk])


def clone_of(task, more: str = "") -> str:
    return reverse(f"admin:distillation_trainingtask_clone{more}", args=[task.pk])


def posted(response, **values) -> dict[str, str]:
    """What a browser sends of the page when nothing but ``values`` is changed."""
    form = response.context["form"]
    data = {name: form[name].value() for name in form.fields}
    opened = {"_opened": response.context["opened"]} if response.context["opened"] else {}
    shown = {name: "on" if value is True else str(value) for name, value in data.items() if value not in (None, False)}
    return shown | opened | values


def errors(response) -> dict[str, list[str]]:
    return dict(response.context["form"].errors)
