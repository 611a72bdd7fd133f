"""Who may call an endpoint at all; which rows somebody sees is the selectors' business."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from distillation.api.errors import Forbidden
from distillation.contract.sentence import Sentence, gettext_noop
from distillation.models import Scope, ScriptToken
from distillation.selectors import Rights, rights

if TYPE_CHECKING:  # the views load this module through the settings
    from rest_framework.views import APIView

CREATE, USE, ADMINISTER = "create", "use", "administer"
"""What an action may need beyond an account; rows are checked when they are looked up."""

_REFUSALS = {
    CREATE: gettext_noop("This needs the role engineer. Ask an administrator for it."),
    USE: gettext_noop("This needs the role annotator or engineer. Ask an administrator for it."),
    ADMINISTER: gettext_noop("Only administrators may do this."),
}


class Allowed(BasePermission):
    """An account, the role that the action needs, and a token's scope.

    Without an account: reads of views marked ``public``, when the setting opens them.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the request may go on; False means 401. Raises Forbidden."""
        if not (request.user and request.user.is_authenticated):
            open_to_all = settings.DISTILLATION_PUBLIC_READ and request.method in SAFE_METHODS
            return bool(open_to_all and _of_action(view, "public"))
        if isinstance(request.auth, ScriptToken):
            _check_scope(request.auth, request, view)
        need = _of_action(view, "needs")
        if need and not _holds(need, rights(request.user)):
            raise Forbidden(Sentence(_REFUSALS[need]))
        return True


def _of_action(view: APIView, name: str) -> Any:
    """The view's mark, for all actions or by action."""
    mark = getattr(view, name, None)
    return mark.get(getattr(view, "action", None)) if isinstance(mark, dict) else mark


def _holds(need: str, held: Rights) -> bool:
    return {CREATE: held.may_create, USE: held.may_use_models, ADMINISTER: held.administers}[need]


def _check_scope(token: ScriptToken, request: Request, view: APIView) -> None:
    if token.scope == Scope.WRITE:
        return
    if token.scope == Scope.REPORT:
        if view.kwargs.get("task_id") == token.task_id and _of_action(view, "reports"):
            return
        raise Forbidden(
            Sentence(gettext_noop("The token {token} only reports about the task {task}."),
                     {"token": token.name, "task": token.task_id or "–"})
        )  # fmt: skip
    if request.method not in SAFE_METHODS or _of_action(view, "secret"):
        raise Forbidden(Sentence(gettext_noop("The token {token} only reads."), {"token": token.name}))
