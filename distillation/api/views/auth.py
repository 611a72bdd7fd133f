"""Logging in and out: session tokens, their renewal, and who somebody is. The names are those of older clients."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import RefreshToken

from distillation.api.authentication import check_password, session_user
from distillation.api.body import body
from distillation.api.errors import LoginFailed
from distillation.api.schema import describe, enveloped
from distillation.api.serializers.accounts import (
    MAX_NAME,
    MAX_PASSWORD,
    LoginSerializer,
    RefreshSerializer,
    SessionSerializer,
    UserInfoSerializer,
)
from distillation.api.throttles import LoginThrottle
from distillation.api.views.base import ApiView, person
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Sentence, gettext_noop
from distillation.selectors import rights

TAG = "auth"
LOGOUT = _(
    "Ends the renewal: the refresh token is worth nothing afterwards. The session token that is out already stays "
    "valid until it expires by itself, DISTILLATION_ACCESS_MINUTES after it was issued; forget it. A changed password "
    "ends it at once."
)
SESSION = enveloped(SessionSerializer)


class LoginViews(ApiView):
    """``/auth/login``, ``/auth/refreshToken``, ``/auth/logout``: for people who have no session (any more)."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = [LoginThrottle]

    @describe(_("Log in"), SESSION, tag=TAG, request=LoginSerializer, errors=(400, 401, 429), operation="auth_login")
    def login(self, request: Request) -> Response:
        """A session token for the Authorization header, and a token to renew it with."""
        sent = body(request)
        name, password = _text(sent, "userName", MAX_NAME), _text(sent, "password", MAX_PASSWORD)
        user = check_password(request._request, name, password)
        if user is None:
            raise LoginFailed(gettext("The user name or the password is wrong, or the account is closed."))
        # Django's own login sends it: the time of the last login is kept, earlier wrong passwords are forgotten.
        user_logged_in.send(sender=User, request=request._request, user=user)
        return Response(_session(user))

    @describe(_("Renew a session"), SESSION, tag=TAG, request=RefreshSerializer, errors=(400, 401, 429),
              operation="auth_refresh")  # fmt: skip
    def refresh(self, request: Request) -> Response:
        """Each refresh token is good for one renewal: the answer holds the next one."""
        token = _refresh_token(_text(body(request), "refreshToken"))
        user = session_user(token)
        ended: Any = token.blacklist()  # what get_or_create returned; the stub says otherwise
        if not ended[1]:  # two renewals at once: one of them may be a thief's
            raise _over()
        return Response(_session(user))

    @describe(_("Log out"), tag=TAG, request=RefreshSerializer, errors=(400, 429), operation="auth_logout",
              description=LOGOUT)  # fmt: skip
    def logout(self, request: Request) -> Response:
        """End the renewal. The session token is not looked up at every request, so nothing could end it at once."""
        with suppress(AuthenticationFailed):  # then it is worth nothing already
            _refresh_token(_text(body(request), "refreshToken")).blacklist()
        return Response(None)


class AccountViews(ApiView):
    """``/auth/getUserInfo``."""

    @describe(_("Who I am"), enveloped(UserInfoSerializer), tag=TAG, errors=(401,), operation="auth_user_info")
    def retrieve(self, request: Request) -> Response:
        """Roles, and the buttons that a front end may show."""
        user = person(request)
        held = rights(user)
        return Response(
            {
                "userId": str(user.pk),
                "userName": user.get_username(),
                "nickName": user.get_full_name() or user.get_username(),
                "roles": sorted(held.roles),
                "teams": sorted(held.teams),
                "buttons": _buttons(held.may_create, held.may_use_models, held.administers),
            }
        )


def _buttons(may_create: bool, may_use: bool, administers: bool) -> list[str]:
    creating = ["task:create", "task:start", "task:stop", "task:delete", "preset:create", "token:create"]
    return [
        *(creating if may_create else []),
        *(["model:download", "inference:submit"] if may_use else []),
        *(["user:manage"] if administers else []),
    ]


def _session(user: User) -> dict[str, Any]:
    token = RefreshToken.for_user(user)
    return {"token": str(token.access_token), "refreshToken": str(token)}


def _refresh_token(raw: str) -> RefreshToken:
    try:
        return RefreshToken(raw)  # type: ignore[arg-type]
    except TokenError as error:
        raise _over() from error


def _over() -> AuthenticationFailed:
    return AuthenticationFailed(gettext("The session is over. Log in again."))


def _text(sent: dict[str, Any], name: str, most: int | None = None) -> str:
    value = sent.get(name)
    if not isinstance(value, str) or not value:
        raise _wrong(name, gettext_noop("{option} is required, as text."))
    if most is not None and len(value) > most:
        raise _wrong(name, gettext_noop("{option} has more than {limit} characters."), limit=most)
    return value


def _wrong(name: str, template: str, **params: Any) -> InvalidRequest:
    return InvalidRequest([Problem(name, Sentence(template, {"option": name, **params}))])
