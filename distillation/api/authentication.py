"""Who calls: ``Authorization: Bearer`` with a session token of ours, a script token, or another system's token.

A password by HTTP Basic is a login like the one of ``/auth/login``: the same lock, the same limit of guesses.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext
from rest_framework.authentication import BaseAuthentication, BasicAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, Token
from rest_framework_simplejwt.utils import get_md5_hash_password

from distillation.api.errors import EXPIRED, LockedOut
from distillation.api.throttles import LoginThrottle
from distillation.contract.sentence import Refused
from distillation.models.sentences import translate
from distillation.selectors import user_with_rights
from distillation.services import foreign_accounts, tokens

KEYWORD = b"bearer"
PARTS_OF_A_JWT = 3


class SessionExpired(AuthenticationFailed):
    """401 that a legacy client answers with a refresh."""

    legacy_code = EXPIRED


class BearerAuthentication(BaseAuthentication):
    """One header, three kinds of token; each names a person."""

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        """The user and the token; None without the header. Raises AuthenticationFailed."""
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != KEYWORD:
            return None
        if len(words) != 2:
            raise AuthenticationFailed(gettext("The Authorization header must be: Bearer, a space, the token."))
        raw = words[1].decode("latin-1")
        if raw.count(".") == PARTS_OF_A_JWT - 1:
            return self._session(raw)
        token = tokens.find_token(raw)
        if token is None:
            raise AuthenticationFailed(gettext("The token is unknown, expired or revoked. Make a new one."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return 'Bearer realm="api"'

    def _session(self, raw: str) -> tuple[User, Any]:
        try:
            token = AccessToken(raw)  # type: ignore[arg-type]
        except ExpiredTokenError as error:
            raise _expired() from error
        except TokenError as error:
            return self._foreign(raw, error), None
        return session_user(token), token

    def _foreign(self, raw: str, ours: TokenError) -> User:
        """The person whom the other system's token names."""
        try:
            user = foreign_accounts.user_of(raw)
        except foreign_accounts.Expired as error:
            raise _expired() from error
        except Refused as refused:
            raise AuthenticationFailed(translate(refused.sentence)) from refused
        if user is None:
            raise AuthenticationFailed(gettext("The session is not valid. Log in again.")) from ours
        return user


class PasswordAuthentication(BasicAuthentication):
    """HTTP Basic; only wrong passwords count against the limit of logins, since scripts send theirs every time."""

    def authenticate_credentials(self, userid: str, password: str, request: Any = None) -> tuple[User, None]:
        """The user. Raises AuthenticationFailed, LockedOut and Throttled."""
        guesses = LoginThrottle()
        if guesses.used_up(request, None):  # before the password is looked at, else guessing would go on
            raise Throttled(guesses.wait())
        user = check_password(request._request, userid, password)
        if user is None:
            guesses.allow_request(request, None)
            raise AuthenticationFailed(gettext("The user name or the password is wrong, or the account is closed."))
        return user, None


def check_password(request: HttpRequest, name: str, password: str) -> User | None:
    """The person, or None. Raises LockedOut while the name is locked for this address."""
    if "\0" in name:  # not every database can be asked for it
        return None
    # The plain request: the lock marks it, and a proxy of it would keep the mark to itself.
    user = authenticate(request, username=name, password=password)
    if getattr(request, "axes_locked_out", False):
        raise LockedOut(settings.AXES_COOLOFF_TIME.total_seconds())
    return user if isinstance(user, User) else None


def session_user(token: Token) -> User:
    """The active user of a session token that is not older than the password. Raises AuthenticationFailed."""
    user = user_with_rights(pk=token.get(api_settings.USER_ID_CLAIM))
    if user is None or not user.is_active:
        raise AuthenticationFailed(gettext("The account does not exist or is closed."))
    if token.get(api_settings.REVOKE_TOKEN_CLAIM) != get_md5_hash_password(user.password):
        raise AuthenticationFailed(gettext("The password was changed. Log in again."))
    return user


def _expired() -> SessionExpired:
    return SessionExpired(gettext("The session has expired. Refresh it or log in again."))
