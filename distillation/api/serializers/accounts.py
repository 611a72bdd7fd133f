"""Accounts and tokens on the wire."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from distillation.api.schema_values import SentField, choice, number, text
from distillation.api.serializers.fields import LocalTime
from distillation.models import Scope
from distillation.services.tokens import DEFAULT_DAYS, MAX_DAYS

MAX_NAME, MAX_PASSWORD = 150, 1000
"""No account has a longer name; a password is hashed, which takes as long as it is."""


class LoginSerializer(serializers.Serializer[Any]):
    """A name and a password."""

    userName = serializers.CharField(max_length=MAX_NAME)  # noqa: N815
    password = serializers.CharField(max_length=MAX_PASSWORD)


class RefreshSerializer(serializers.Serializer[Any]):
    """What renews or ends a session."""

    refreshToken = serializers.CharField()  # noqa: N815


class SessionSerializer(serializers.Serializer[Any]):
    """A session."""

    token = serializers.CharField(help_text=_("For the header Authorization: Bearer."))
    refreshToken = serializers.CharField(help_text=_("For one renewal."))  # noqa: N815


class UserInfoSerializer(serializers.Serializer[Any]):
    """Somebody who has logged in."""

    userId = serializers.CharField()  # noqa: N815
    userName = serializers.CharField()  # noqa: N815
    nickName = serializers.CharField()  # noqa: N815
    roles = serializers.ListField(child=serializers.CharField(), help_text="R_SUPER, R_ADMIN, R_ENGINEER, …")
    teams = serializers.ListField(child=serializers.CharField())
    buttons = serializers.ListField(child=serializers.CharField())


class TaskTokenRequestSerializer(serializers.Serializer[Any]):
    """A token that only reports about one task."""

    name = SentField(text(50))
    expiresInDays = SentField(  # noqa: N815
        number({"type": "integer", "minimum": 1, "maximum": MAX_DAYS}), help_text=str(DEFAULT_DAYS)
    )


class TokenRequestSerializer(TaskTokenRequestSerializer):
    """A token that does what its owner may, within its scope."""

    name = SentField({**text(50), "minLength": 1}, required=True, allow_null=False)
    scope = SentField(choice([Scope.READ.value, Scope.WRITE.value]), help_text=Scope.READ.value)


class TokenSerializer(serializers.Serializer[Any]):
    """A token without its secret."""

    prefix = serializers.CharField(help_text=_("How a token begins; it is revoked by this."))
    name = serializers.CharField()
    scope = serializers.CharField()
    taskId = serializers.CharField(source="task_id", allow_null=True)  # noqa: N815
    createTime = LocalTime(source="created")  # noqa: N815
    expiresAt = LocalTime(source="expiry_date", allow_null=True)  # noqa: N815
    lastUsed = LocalTime(source="last_used", allow_null=True)  # noqa: N815
    revoked = serializers.BooleanField()


class NewTokenSerializer(TokenSerializer):
    """A token with its secret, which is shown this once."""

    token = serializers.CharField()
