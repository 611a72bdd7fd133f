"""Tokens for scripts: one's own, and those that report about a single task."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from distillation.api.body import body
from distillation.api.errors import Missing
from distillation.api.schema import describe, enveloped
from distillation.api.serializers.accounts import (
    NewTokenSerializer,
    TaskTokenRequestSerializer,
    TokenRequestSerializer,
    TokenSerializer,
)
from distillation.api.views.base import MAX_SHOWN_ID, ApiView, person, task_to_change
from distillation.contract.sentence import Sentence, gettext_noop
from distillation.models import ScriptToken
from distillation.services import tokens

TAG = "auth"


class TokenViews(ApiView):
    """``/auth/tokens`` and ``/auth/tokens/{prefix}``."""

    secret = True

    @describe(_("List my script tokens"), enveloped(TokenSerializer, many=True), tag=TAG, errors=(401, 403),
              operation="tokens_list")  # fmt: skip
    def list(self, request: Request) -> Response:
        """The newest first, without the secrets: those are not kept."""
        return Response(TokenSerializer(tokens.tokens_of(person(request)), many=True).data)

    @describe(_("Make a script token"), enveloped(NewTokenSerializer), tag=TAG, request=TokenRequestSerializer,
              errors=(400, 401, 403, 409), operation="tokens_create")  # fmt: skip
    def create(self, request: Request) -> Response:
        """The text under ``token`` is shown this once."""
        return _new(*tokens.create_token(person(request), body(request)))

    @describe(_("Revoke a script token"), tag=TAG, errors=(401, 403, 404), operation="tokens_revoke")
    def destroy(self, request: Request, prefix: str) -> Response:
        """At once and for ever."""
        try:
            tokens.revoke_token(person(request), prefix)
        except ScriptToken.DoesNotExist:
            sentence = Sentence(gettext_noop("You have no token {prefix}."), {"prefix": prefix[:MAX_SHOWN_ID]})
            raise Missing(sentence) from None
        return Response(None)


class TaskTokenViews(ApiView):
    """``/tasks/{taskId}/token``."""

    secret = True

    @describe(_("Make a token that reports about one task"), enveloped(NewTokenSerializer), tag=TAG,
              request=TaskTokenRequestSerializer, operation="tasks_token")  # fmt: skip
    def create(self, request: Request, task_id: str) -> Response:
        """For the script that trains an external task elsewhere; it can do nothing else."""
        task = task_to_change(request, task_id)
        return _new(*tokens.create_token(person(request), body(request), task=task))


def _new(token: ScriptToken, secret: str) -> Response:
    return Response({**TokenSerializer(token).data, "token": secret})
