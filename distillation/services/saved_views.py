"""Named lists of tasks: saved, renamed, made the one that opens first, deleted. Only ever one's own."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.models import SavedView
from distillation.models.saved_view import MAX_NAME, MAX_QUERY
from distillation.services import audit
from distillation.services.audit import audited

MOST_VIEWS = 30
"""Of one person: more than a row above a list can show."""


def save_view(user: User, name: str, query: str, *, default: bool = False) -> SavedView:
    """Keep a query string under a name; the same name again replaces what it meant. Raises Refused."""
    name = checked_name(name)
    if len(query) > MAX_QUERY:
        raise Refused(
            Sentence(gettext_noop("These filters have more than {limit} characters. Use fewer."), {"limit": MAX_QUERY})
        )
    with transaction.atomic():
        view = SavedView.objects.filter(user=user, name=name).first()
        if view is None and SavedView.objects.filter(user=user).count() >= MOST_VIEWS:
            raise Refused(
                Sentence(
                    gettext_noop("You have {limit} saved views, and more are not kept. Delete one first."),
                    {"limit": MOST_VIEWS},
                )
            )
        before = audit.facts(view) if view else None
        view = view or SavedView(user=user, name=name)
        view.query = query
        view.save()
        audit.note("edit" if before else "create", view, user.get_username(), before)
        if default:
            make_default(view)
    return view


def rename_view(view: SavedView, name: str) -> None:
    """Give it another name. Raises Refused."""
    name = checked_name(name)
    try:
        with audited("edit", view, view.user.get_username()):
            view.name = name
            view.save(update_fields=["name"])
    except IntegrityError as error:
        raise Refused(
            Sentence(gettext_noop("You have another view with the name {name}. Choose another one."), {"name": name})
        ) from error


def make_default(view: SavedView, *, default: bool = True) -> None:
    """Open it first from now on, or no longer; at most one does."""
    with audited("edit", view, view.user.get_username()):
        SavedView.objects.filter(user=view.user).exclude(pk=view.pk).update(is_default=False)
        view.is_default = default
        view.save(update_fields=["is_default"])


def delete_view(view: SavedView) -> None:
    """Forget it; the tasks stay what they are."""
    with transaction.atomic():
        audit.write("delete", view, view.user.get_username(), audit.facts(view), {})
        view.delete()


def checked_name(name: str) -> str:
    """The name without blanks around it. Raises Refused."""
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise Refused(
            Sentence(
                gettext_noop("A view's name has 1 to {limit} characters that can be printed."), {"limit": MAX_NAME}
            )
        )
    return name
