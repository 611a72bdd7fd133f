"""Who may call the API at all; who sees which task is the selectors' business."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

if TYPE_CHECKING:  # the views load this module through the settings
    from rest_framework.views import APIView


class LoggedInOrPublicRead(BasePermission):
    """Everybody with an account; without one, reads of views marked ``public`` when the setting opens them."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the request may go on."""
        if request.user and request.user.is_authenticated:
            return True
        return bool(
            settings.DISTILLATION_PUBLIC_READ and getattr(view, "public", False) and request.method in SAFE_METHODS
        )
