"""Forms that check nothing themselves: the services get what was typed, and what they refuse is shown at its field."""

from __future__ import annotations

from django import forms

from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.models.sentences import translate


class ServiceForm(forms.Form):
    """Fields are called as the services call them."""

    def sent(self) -> dict[str, str]:
        """What the services get."""
        return {name: self.data.get(name, "") for name in self.fields}

    def refuse(self, error: InvalidRequest | Refused) -> None:
        """Show why."""
        self.full_clean()
        if isinstance(error, Refused):
            self.add_error(None, translate(error.sentence))
            return
        for problem in error.problems:
            self.add_error(problem.field if problem.field in self.fields else None, translate(problem.sentence))
