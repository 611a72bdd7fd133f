"""How people are known: their password, checked unless there was too much guessing, and their rights with them."""

from __future__ import annotations

from typing import Any

from axes.backends import AxesStandaloneBackend
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest

from distillation.selectors import user_with_rights

NAME_CHARACTERS = 255
"""What the table of wrong passwords holds; no account has a longer name."""


def name_at_the_door(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str | None:
    """The name under which guesses are counted; one that no database could store is cut to what it can."""
    name = (credentials or request.POST).get("username")
    return None if name is None else str(name).replace("\0", "")[:NAME_CHARACTERS]


class Accounts(AxesStandaloneBackend, ModelBackend):  # type: ignore[misc]
    """Django's accounts behind a lock that closes after too many wrong passwords."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **others: Any
    ) -> Any:
        """The user, or None. Raises PermissionDenied while the name is locked for this address."""
        AxesStandaloneBackend.authenticate(self, request, username, password, **others)
        return ModelBackend.authenticate(self, request, username=username, password=password, **others)

    def get_user(self, user_id: int) -> User | None:
        """The user of a session, with the groups in the same query; None when the account is gone or inactive."""
        user = user_with_rights(pk=user_id)
        return user if user is not None and self.user_can_authenticate(user) else None
