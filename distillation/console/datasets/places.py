"""What a page can look into: an upload that waits, a folder that nobody has registered, a registered data set.

The one place where an address becomes a folder, so that every page, picture and answer asks for the same rights.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.urls import reverse

from distillation import selectors
from distillation.admin.access import held
from distillation.contract.sentence import Refused
from distillation.datasets.catalogue import resolve
from distillation.models import Dataset
from distillation.services import surveys, uploads
from distillation.services.dataset_drafts import proposed_folder
from distillation.services.datasets import MAX_FOLDER
from distillation.services.surveys import Survey
from distillation.services.uploads import Draft
from distillation.storage.drafts import survey_dir

KINDS = ("draft", "folder", "set")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with samples, and whose it is."""

    kind: str
    key: str
    name: str
    """As people know it."""
    root: Path
    out: Path
    """Where its survey lies."""
    editable: bool
    """Whether the person may keep, register or change it."""
    draft: Draft | None = None
    dataset: Dataset | None = None

    def survey(self) -> Survey:
        """How far the survey is; begun where there is none."""
        return surveys.look(self.root, self.out, self.name)

    def url(self, view: str = "page", *more: object) -> str:
        """The address of a view of this place."""
        return reverse(f"admin:data_{view}", args=(self.kind, self.key, *more))


def find(request: HttpRequest, kind: str, key: str) -> Place:
    """The place of an address. Raises Http404 for what there is not or is not shown to the person."""
    if kind == "draft":
        return _draft(request, key)
    if kind == "folder":
        return _folder(request, key)
    if kind == "set":
        return _dataset(request, key)
    raise Http404


def registered(request: HttpRequest, folder: str) -> Dataset | None:
    """The row of a folder that has an owner, if the person may see it."""
    rows = Dataset.objects.filter(dataset_id=folder) if "\0" not in folder else Dataset.objects.none()
    return selectors.visible(rows, held(request)).first()


def named(request: HttpRequest, folder: str) -> Place:
    """The place of a folder of the data set root, registered or not. Raises Http404."""
    row = registered(request, folder)
    return find(request, "folder", folder) if row is None else find(request, "set", str(row.pk))


def editable(request: HttpRequest, kind: str, key: str) -> Place:
    """Like :func:`find`. Raises PermissionDenied where the person may only look."""
    place = find(request, kind, key)
    if not place.editable:
        raise PermissionDenied
    return place


def _draft(request: HttpRequest, key: str) -> Place:
    draft = uploads.find(key, held(request))
    if draft is None:
        raise Http404
    name = proposed_folder(draft.file_name)
    return Place("draft", key, name, draft.root, draft.folder, held(request).may_create, draft=draft)


def _folder(request: HttpRequest, key: str) -> Place:
    try:
        root = resolve(Path(settings.DATASETS_ROOT), key)
    except (Refused, ValueError) as error:
        raise Http404 from error
    if len(key) > MAX_FOLDER or Dataset.objects.filter(dataset_id=key).exists():
        raise Http404
    return Place("folder", key, key, root, survey_dir(key), held(request).may_create)


def _dataset(request: HttpRequest, key: str) -> Place:
    if not (key.isascii() and key.isdecimal() and len(key) < 19):
        raise Http404
    dataset = selectors.visible(Dataset.objects.filter(pk=int(key)), held(request)).first()
    if dataset is None:
        raise Http404
    root = Path(settings.DATASETS_ROOT) / dataset.dataset_id
    may = held(request).may_change(dataset.create_by)
    return Place("set", key, dataset.dataset_id, root, survey_dir(dataset.dataset_id), may, dataset=dataset)
