"""Exceptions become answers here, in one of two styles; what a client sent never becomes a 5xx."""

from __future__ import annotations

import logging
import math
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext
from django.views import defaults
from rest_framework import exceptions, status
from rest_framework.response import Response

from distillation.api.envelope import Envelope, EnvelopeRenderer
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Refused, Sentence
from distillation.models.sentences import translate

logger = logging.getLogger(__name__)

API_ROOTS = ("/model-distillation", "/auth")
SENTENCES_IN_MESSAGE = 3
LOGGED_OUT = "8888"
"""What a legacy client reads as: there is no session, show the login page."""
EXPIRED = "9999"
"""What a legacy client reads as: refresh the session, then send the request again."""


class Forbidden(exceptions.PermissionDenied):
    """403 with a sentence that says who may."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(translate(sentence))


class LoginFailed(exceptions.AuthenticationFailed):
    """401 to somebody who has just tried to log in: a sentence for the login page, not the end of a session."""

    legacy_code = 500


class LockedOut(exceptions.Throttled):
    """429 to somebody who guessed too often."""


class Missing(exceptions.NotFound):
    """404 with a sentence that names what was looked for."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(translate(sentence))


def handle(exception: Exception, context: dict[str, Any]) -> Response:
    """REST framework's exception handler."""
    code, message, data = _facts(exception, context)
    response = Response(*_styled(code, message, data, getattr(exception, "legacy_code", None)))
    if code == status.HTTP_401_UNAUTHORIZED and response.status_code == code:
        response["WWW-Authenticate"] = getattr(exception, "auth_header", None) or 'Bearer realm="api"'
    if (wait := getattr(exception, "wait", None)) is not None:
        response["Retry-After"] = str(math.ceil(wait))
    return response


def field_errors(problems: list[Problem]) -> dict[str, list[str]]:
    """``{field: [sentences]}``; what concerns the whole request stands under ``nonFieldErrors``."""
    errors: dict[str, list[str]] = {}
    for problem in problems:
        errors.setdefault(problem.field or "nonFieldErrors", []).append(translate(problem.sentence))
    return errors


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """``handler400``: what Django refuses before a view sees it, such as a wrong host."""
    return _early(request, 400, gettext("The request is not valid.")) or defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """``handler500``: what broke outside the views; Django has logged it."""
    return _early(request, 500, _unexpected()) or defaults.server_error(request)


def locked_out(request: HttpRequest, *_unused: Any) -> HttpResponseBase:
    """The answer while a name is locked for an address: a page in the console, else the envelope."""
    wait = str(int(settings.AXES_COOLOFF_TIME.total_seconds()))
    response = _early(request, 429, _too_many_guesses()) or render(
        request,
        "admin/locked_out.html",
        {**admin.site.each_context(request), "sentence": _too_many_guesses()},
        status=429,
    )
    response.headers["Retry-After"] = wait
    return response


def _too_many_guesses() -> str:
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds()) // 60
    sentence = gettext("Too many wrong passwords for this name; it is locked for {minutes} minutes.")
    return sentence.format(minutes=minutes)


def _facts(exception: Exception, context: dict[str, Any]) -> tuple[int, str, Any]:
    """Status, sentence and field errors of the exception."""
    if isinstance(exception, InvalidRequest):
        errors = field_errors(exception.problems)
        sentences = list(dict.fromkeys(sentence for group in errors.values() for sentence in group))
        return 400, " ".join(sentences[:SENTENCES_IN_MESSAGE]), errors
    if isinstance(exception, Refused):
        return 409, translate(exception.sentence), None
    if isinstance(exception, RequestDataTooBig):
        return 413, gettext("The body of the request is too large."), None
    if isinstance(exception, SuspiciousOperation):
        return 400, gettext("The request is not valid."), None
    if isinstance(exception, (Http404, PermissionDenied, exceptions.APIException)):
        return _framework_facts(exception, context)
    logger.error("unexpected error", exc_info=exception)
    return 500, _unexpected(), None


def _framework_facts(exception: Exception, context: dict[str, Any]) -> tuple[int, str, Any]:
    if isinstance(exception, Http404):
        return 404, gettext("There is nothing at this address."), None
    if isinstance(exception, PermissionDenied):
        return 403, gettext("You may not do this."), None
    if isinstance(exception, exceptions.NotAuthenticated):
        return 401, gettext("Log in first."), None
    if isinstance(exception, exceptions.MethodNotAllowed):
        view = context.get("view")
        allowed = ", ".join(method for method in view.allowed_methods if method != "OPTIONS") if view else "–"
        method = context["request"].method if context.get("request") else "–"
        sentence = gettext("{method} is not possible here; possible: {allowed}.")
        return 405, sentence.format(method=method, allowed=allowed), None
    if isinstance(exception, exceptions.UnsupportedMediaType):
        return 415, gettext("Send the body as application/json."), None
    if isinstance(exception, LockedOut):
        return 429, _too_many_guesses(), None
    if isinstance(exception, exceptions.Throttled):
        sentence = gettext("Too many requests; try again in {seconds} seconds.")
        return 429, sentence.format(seconds=math.ceil(getattr(exception, "wait", None) or 1)), None
    assert isinstance(exception, exceptions.APIException)  # noqa: S101 - the caller asked for it
    return exception.status_code, str(exception.detail), None


def _styled(code: int, message: str, data: Any, legacy_code: Any = None) -> tuple[Envelope, int]:
    """The answer and its HTTP status; a legacy page shows ``data`` and repeats requests on a 5xx."""
    if settings.DISTILLATION_ERROR_STYLE == "legacy":
        legacy_code = legacy_code or (LOGGED_OUT if code == 401 else 500)
        return Envelope(code=legacy_code, message=message, data=message), 200
    return Envelope(code=code, message=message, data=data), code


def _unexpected() -> str:
    return gettext("Something went wrong on the server; the log says what. The request's id is in X-Request-Id.")


def _early(request: HttpRequest, code: int, message: str) -> HttpResponse | None:
    if not any(request.path == root or request.path.startswith(f"{root}/") for root in API_ROOTS):
        return None
    answer, status_code = _styled(code, message, None)
    return HttpResponse(EnvelopeRenderer().render(answer), status=status_code, content_type="application/json")
