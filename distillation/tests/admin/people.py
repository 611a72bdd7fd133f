"""Nine people before one world: who they are, what is there, and a way to write down what each may do.

``EVERYBODY`` orders the letters of a row such as ``ooox-ooLL``: o shown, r done and sent on, x refused (403),
- not there (404), m wrong method (405), L sent to the login page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group, User
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from distillation.models import (
    AuditEntry,
    Dataset,
    InferenceJob,
    LoraPreset,
    ScriptToken,
    TeacherAlias,
    TrainingTask,
    Trial,
    Worker,
)
from distillation.tests.factories import InferenceFactory, PresetFactory, TaskFactory, UserFactory

EVERYBODY = ("root", "adam", "olga", "carl", "sten", "anna", "vera", "none", "anonymous")
"""Superuser, administrator, owner, colleague, stranger in another team, annotator, viewer, without a role, nobody."""

_GROUPS = {
    "root": (),
    "adam": ("R_ADMIN",),
    "olga": ("R_ENGINEER", "blue"),
    "carl": ("R_ENGINEER", "blue"),
    "sten": ("R_ENGINEER", "red"),
    "anna": ("R_ANNOTATOR", "blue"),
    "vera": ("R_VIEWER", "blue"),
    "none": (),
}
_LETTERS = {200: "o", 403: "x", 404: "-", 405: "m"}


@dataclass(slots=True)
class World:
    """Rows of olga, and what belongs to nobody."""

    task: TrainingTask
    queued: TrainingTask
    pending: TrainingTask
    preset: LoraPreset
    dataset: Dataset
    token: ScriptToken
    secret: str
    alias: TeacherAlias
    entry: AuditEntry
    worker: Worker
    job: InferenceJob
    trial: Trial
    people: dict[str, User]
    clients: dict[str, Client] = field(default_factory=dict)

    @property
    def team(self) -> Group:
        return Group.objects.get(name="blue")

    def client(self, name: str) -> Client:
        if name not in self.clients:
            client = Client(raise_request_exception=False)
            if name != "anonymous":
                client.force_login(self.people[name])
            self.clients[name] = client
        return self.clients[name]


def make_world(home: Path) -> World:
    """Everything that a page can show, with a finished model on the disk and a folder of data."""
    people = {}
    for name, groups in _GROUPS.items():
        people[name] = UserFactory(username=name, is_superuser=name == "root", is_staff=False)
        people[name].set_password("old-password-9")
        people[name].save()
        people[name].groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    (home / "datasets" / "registered").mkdir(parents=True)
    (home / "datasets" / "free").mkdir()
    folder = home / "runs" / "TASK_DONE0001" / "artifacts" / "model"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text('{"architecture": "cnn-tiny", "classes": ["0", "1"]}')
    picture = folder.parent / "pictures" / "examples" / "1.jpg"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"a picture")
    token, secret = ScriptToken.objects.create_key(name="night run", user=people["olga"])
    now = timezone.now()
    return World(
        task=TaskFactory(
            task_id="TASK_DONE0001", create_by="olga", status="COMPLETED",
            model_path="runs/TASK_DONE0001/artifacts/model/model.safetensors",
        ),
        queued=TaskFactory(create_by="olga", status="QUEUED", queued_at=now),
        pending=TaskFactory(create_by="olga", executor="external"),
        preset=PresetFactory(preset_name="olgas", create_by="olga"),
        dataset=Dataset.objects.create(dataset_id="registered", dataset_name="Olgas data", create_by="olga"),
        token=token,  # type: ignore[arg-type]
        secret=secret,
        alias=TeacherAlias.objects.create(alias="qwen-7b", teacher="big-teacher"),
        entry=AuditEntry.objects.create(
            actor="olga", via="console", verb="edit", kind="trainingtask", object_id="TASK_DONE0001",
            object_name="a task", before={"alpha": 0.5}, after={"alpha": 0.7},
        ),
        worker=Worker.objects.create(name="w", host="h", pid=1, slots=1, started_at=now, seen_at=now),
        job=_job(home),
        trial=_trial(home),
        people=people,  # type: ignore[arg-type]
    )  # fmt: skip


def _job(home: Path) -> InferenceJob:
    """A labelling job of olga, with one of its pictures drawn."""
    job: InferenceJob = InferenceFactory(task_id="TASK_DONE0001", create_by="olga")
    drawn = home / "inference" / job.inference_id / "pictures" / "1.jpg"
    drawn.parent.mkdir(parents=True)
    drawn.write_bytes(b"a picture")
    return job


def _trial(home: Path) -> Trial:
    """A trial of olga that nobody else sees."""
    trial = Trial.objects.create(task_id="TASK_DONE0001", task_type="classification", input_count=1, create_by="olga")
    shown = home / "trials" / trial.trial_id / "shown" / "1.jpg"
    shown.parent.mkdir(parents=True)
    shown.write_bytes(b"a picture")
    return trial


def letter(response: HttpResponseBase) -> str:
    """What happened, as one letter."""
    if response.status_code == 302:
        return "L" if response.headers["Location"].startswith(reverse("admin:login")) else "r"
    return _LETTERS.get(response.status_code, str(response.status_code))


def row(expected: str) -> dict[str, str]:
    """The letters by person; blanks only help the eye."""
    return dict(zip(EVERYBODY, expected.replace(" ", ""), strict=True))


def address(name: str, *args: Any) -> str:
    return reverse(f"admin:{name}", args=args)
