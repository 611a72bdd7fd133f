"""A person's own language, look and columns. They touch nobody else's rows, so the audit log does not note them."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth.models import User

from distillation.models import Preference, Theme


def preference_of(user: User) -> Preference:
    """What the person has chosen; an unsaved row where nothing was."""
    return Preference.objects.filter(pk=user.pk).first() or Preference(user=user)


def choose_language(user: User, language: str) -> None:
    """Keep the language; one that the console does not speak is left out."""
    if language in dict(settings.LANGUAGES):
        Preference.objects.update_or_create(user=user, defaults={"language": language})


def choose_theme(user: User, theme: str) -> bool:
    """Keep light, dark or system; False for any other word."""
    if theme not in Theme.values:
        return False
    Preference.objects.update_or_create(user=user, defaults={"theme": theme})
    return True


def choose_columns(user: User, columns: Sequence[str]) -> None:
    """Keep which columns the list of tasks shows; none means the usual ones."""
    Preference.objects.update_or_create(user=user, defaults={"columns": ",".join(columns)})
