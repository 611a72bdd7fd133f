"""The forms of accounts and teams: roles as check boxes that say what each may do, teams as a list of names."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.validators import MaxLengthValidator
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import UserChangeForm, UserCreationForm
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminTextInputWidget,
)

from distillation.models import Role, Team
from distillation.models.sentences import translate
from distillation.services import accounts

DUTIES = {
    Role.ADMINISTRATOR: _("sees and changes everything, manages people, teams and aliases, reads the audit log"),
    Role.ENGINEER: _("creates tasks, presets and data sets, and runs its own"),
    Role.ANNOTATOR: _("downloads finished models and labels with them"),
    Role.VIEWER: _("looks at what others let it see"),
}
"""What a role may do, as a continuation of its name."""


class LabelledSelect(UnfoldAdminSelect2MultipleWidget):
    """Several of many, with a search field that screen readers can name."""

    class Media:
        js = ("distillation/select_labels.js",)


class RolesAndTeams(forms.ModelForm):
    """Roles and teams of an account; Django's groups hold both."""

    roles = forms.MultipleChoiceField(
        label=_("Roles"), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget()
    )
    teams = forms.ModelMultipleChoiceField(
        queryset=Team.objects.none(),
        label=_("Teams"),
        required=False,
        widget=LabelledSelect(),
        help_text=_(
            "People of one team see each other's tasks, presets and data sets. "
            "Who is in no team shares theirs with everyone who holds a role."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].choices = [  # type: ignore[attr-defined]
            (role.value, format_html("<b>{}</b> · {}", role.label, DUTIES[role])) for role in Role
        ]
        self.fields["teams"].queryset = Team.objects.all()  # type: ignore[attr-defined]
        if self.instance.pk:
            groups = list(self.instance.groups.all())
            self.initial["roles"] = [group.name for group in groups if group.name in Role.values]
            self.initial["teams"] = [group.pk for group in groups if group.name not in Role.values]


class NewAccountForm(RolesAndTeams, UserCreationForm):
    """Name, password, roles and teams; the name stays for ever, because it is the owner of tasks."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.fields["username"]
        name.validators.append(MaxLengthValidator(accounts.MAX_NAME))
        name.widget.attrs["maxlength"] = str(accounts.MAX_NAME)
        name.help_text = gettext(
            "At most %(limit)s characters: letters, digits and @ . + - _. It cannot be changed later, "
            "because it is kept as the owner of tasks."
        ) % {"limit": accounts.MAX_NAME}


class AccountForm(RolesAndTeams, UserChangeForm):
    """Everything but the name; somebody always stays who can administer."""

    def clean(self) -> dict[str, Any] | None:
        """Refuse what would leave the console without an administrator."""
        data = super().clean() or {}
        before = self.initial.get("roles", [])
        did = self.instance.is_active and (self.instance.is_superuser or Role.ADMINISTRATOR in before)
        superuser = data.get("is_superuser", self.instance.is_superuser)
        does = data.get("is_active") and (superuser or Role.ADMINISTRATOR in data.get("roles", []))
        if did and not does and accounts.loses_last_administrator(self.instance):
            field = "roles" if data.get("is_active") else "is_active"
            self.add_error(
                field, gettext("This is the last account that administers. Make somebody else administrator first.")
            )
        return data


class TeamForm(forms.ModelForm):
    """A name and the members."""

    members = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(),
        label=_("Members"),
        required=False,
        widget=LabelledSelect(),
        help_text=_("They see each other's tasks, presets and data sets, unless these are private."),
    )

    class Meta:
        model = Team
        fields = ["name"]
        widgets = {"name": UnfoldAdminTextInputWidget()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["members"].queryset = User.objects.order_by("username")  # type: ignore[attr-defined]
        if self.instance.pk:
            self.initial["members"] = list(self.instance.user_set.all())

    def clean_name(self) -> str:
        """Refuse names that look like roles."""
        name: str = self.cleaned_data["name"]
        problem = accounts.team_name_problem(name)
        if problem is not None:
            raise forms.ValidationError(translate(problem.sentence))
        return name
