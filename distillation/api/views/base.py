"""What every view of the API shares: JSON in and out, real text in addresses, tasks by their id."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import Http404, HttpRequest
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from distillation import selectors
from distillation.api.body import FormBody, JsonBody
from distillation.api.envelope import OneRepresentation
from distillation.api.errors import Missing
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

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Read query strings as UTF-8 and chunked bodies at all."""
        # Whatever the header says: some charsets of Python are not even text.
        request._encoding = None  # type: ignore[attr-defined]
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            # REST framework takes a body without a length for none; ASGI has received it whole by now.
            request.META["CONTENT_LENGTH"] = str(len(request.body))
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Permission first; then no NUL may reach a database."""
        super().initial(request, *args, **kwargs)
        if any("\0" in value for value in kwargs.values() if isinstance(value, str)):
            raise Http404
        for name, values in request.query_params.lists():
            if any("\0" in value for value in (name, *values)):
                sentence = Sentence(
                    gettext_noop("{option} contains characters that are not text."),
                    {"option": name.replace("\0", "")[:MAX_SHOWN_ID]},
                )
                raise InvalidRequest([Problem(name.replace("\0", "")[:MAX_SHOWN_ID], sentence)])


def actor(request: Request) -> str:
    """Who asks, as columns keep it."""
    return str(request.user.get_username())[:MAX_ACTOR]


def find_task(request: Request, task_id: str) -> TrainingTask:
    """The task of the address, if the caller may see it. Raises Missing."""
    try:
        return selectors.find_task(request.user, task_id)
    except TrainingTask.DoesNotExist:
        sentence = Sentence(gettext_noop("There is no task {task}."), {"task": task_id[:MAX_SHOWN_ID]})
        raise Missing(sentence) from None
