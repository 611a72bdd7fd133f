"""What every view of the API shares: JSON in and out, real text in addresses, tasks by their id."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import unquote, unquote_to_bytes

from django.contrib.auth.models import User
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from distillation import selectors
from distillation.api.body import FormBody, JsonBody
from distillation.api.envelope import OneRepresentation
from distillation.api.errors import Forbidden, Missing
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Sentence, gettext_noop
from distillation.models import TrainingTask

MAX_ACTOR = 64
MAX_SHOWN_ID = 100


class ApiView(ViewSet):
    """The base of all views below ``/model-distillation``."""

    parser_classes = [JsonBody, FormBody]
    content_negotiation_class = OneRepresentation
    metadata_class = None
    public: ClassVar[bool] = False
    """Whether reads are open to everybody when DISTILLATION_PUBLIC_READ is set."""
    needs: ClassVar[dict[str, str]] = {}
    """What an action needs beyond an account (see ``permissions``)."""
    reports: ClassVar[dict[str, bool]] = {}
    """Actions that a task's own token may call."""
    _too_big: RequestDataTooBig | None = None

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Read query strings as UTF-8 and chunked bodies at all."""
        # Whatever the header says: some charsets of Python are not even text.
        request._encoding = None  # type: ignore[attr-defined]
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            # REST framework takes a body without a length for none; ASGI has received it whole by now.
            try:
                request.META["CONTENT_LENGTH"] = str(len(request.body))
            except RequestDataTooBig as error:  # here it would not become an answer of ours
                self._too_big = error
        return super().initialize_request(request, *args, **kwargs)

    def get_authenticate_header(self, request: Request) -> str:
        """What a 401 asks for, also where nobody is authenticated: REST framework would send 403 there."""
        return 'Bearer realm="api"'

    def perform_authentication(self, request: Request) -> None:
        """Find out who asks, and count it, also what is refused: else nobody could be stopped from guessing tokens."""
        try:
            super().perform_authentication(request)
        finally:
            super().check_throttles(request)

    def check_throttles(self, request: Request) -> None:
        """Nothing: REST framework comes here when permissions have let the request pass; it is counted by now."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Permission first; then nothing that is no text may reach a database."""
        super().initial(request, *args, **kwargs)
        if self._too_big is not None:
            raise self._too_big
        if any("\0" in value for value in kwargs.values() if isinstance(value, str)):
            raise Http404
        wrong = _no_text(request)
        if wrong is not None:
            name = wrong.replace("\0", "")[:MAX_SHOWN_ID]
            sentence = Sentence(gettext_noop("{option} contains characters that are not text."), {"option": name})
            raise InvalidRequest([Problem(name, sentence)])


def _no_text(request: Request) -> str | None:
    """The first query parameter with a NUL, or with bytes that are no UTF-8: Django would make U+FFFD of these."""
    for part in request.META.get("QUERY_STRING", "").split("&"):
        try:
            text = unquote_to_bytes(part).decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            return unquote(part.partition("=")[0].replace("+", " "))
    return None


def person(request: Request) -> User:
    """Who asks; permissions have let nobody else pass."""
    assert isinstance(request.user, User)  # noqa: S101 - for the type checker
    return request.user


def actor(request: Request) -> str:
    """Who asks, as columns keep it."""
    return str(request.user.get_username())[:MAX_ACTOR]


def task_to_change(request: Request, task_id: str) -> TrainingTask:
    """The task of the address, if the caller may change it. Raises Missing and Forbidden."""
    task = selectors.find_own_task(request.user, task_id) or find_task(request, task_id)
    may_change(request, task.create_by)
    return task


def may_change(request: Request, owner: str | None) -> None:
    """Let the owner and administrators pass. Raises Forbidden."""
    if not selectors.rights(request.user).may_change(owner):
        raise Forbidden(
            Sentence(
                gettext_noop("This belongs to {owner}; only the owner, as an engineer, and administrators change it."),
                {"owner": owner or "–"},
            )
        )


def find_task(request: Request, task_id: str) -> TrainingTask:
    """The task of the address, if the caller may see it. Raises Missing."""
    try:
        return selectors.find_task(request.user, task_id)
    except TrainingTask.DoesNotExist:
        sentence = Sentence(gettext_noop("There is no task {task}."), {"task": task_id[:MAX_SHOWN_ID]})
        raise Missing(sentence) from None
