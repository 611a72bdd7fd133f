"""The language and the look that an account keeps: noted where they are switched, given back at the next login."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.views.i18n import set_language as switch

from distillation.services import preferences

THEME_COOKIE = "dd-theme"
"""Read once by ``theme.js``; from then on the browser remembers."""
THEME_SECONDS = 600


def set_language(request: HttpRequest) -> HttpResponse:
    """Django's switch; the account of somebody who has logged in keeps the choice."""
    if request.method == "POST" and isinstance(request.user, User):
        preferences.choose_language(request.user, request.POST.get("language", ""))
    return switch(request)


def recall(response: HttpResponse, user: User) -> None:
    """Give a browser that has just logged in what the account keeps."""
    kept = preferences.preference_of(user)
    if kept.language in dict(settings.LANGUAGES):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, kept.language, samesite="Lax")
    if kept.theme:
        response.set_cookie(THEME_COOKIE, kept.theme, max_age=THEME_SECONDS, samesite="Lax")
