"""Users and groups, with unfold's forms."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class AccountAdmin(UserAdmin, ModelAdmin):
    """People. A user name is the owner of tasks, so it is not changed afterwards."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "first_name", "last_name", "email", "is_active", "is_staff", "last_login"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The name is given once."""
        fields = super().get_readonly_fields(request, obj)
        return [*fields, "username"] if obj else list(fields)


@admin.register(Group)
class TeamAdmin(GroupAdmin, ModelAdmin):
    """Teams."""
