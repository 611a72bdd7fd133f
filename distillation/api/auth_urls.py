"""The routes below ``/auth``."""

from __future__ import annotations

from django.urls import path, re_path

from distillation.api.views.auth import AccountViews, LoginViews
from distillation.api.views.site import NothingHereView
from distillation.api.views.tokens import TokenViews

app_name = "auth"

urlpatterns = [
    path("login", LoginViews.as_view({"post": "login"}), name="login"),
    path("refreshToken", LoginViews.as_view({"post": "refresh"}), name="refresh"),
    path("logout", LoginViews.as_view({"post": "logout"}), name="logout"),
    path("getUserInfo", AccountViews.as_view({"get": "retrieve"}), name="user-info"),
    path("tokens", TokenViews.as_view({"get": "list", "post": "create"}), name="tokens"),
    path("tokens/<str:prefix>", TokenViews.as_view({"delete": "destroy"}), name="token"),
    re_path(r"^[\s\S]*$", NothingHereView.as_view({"get": "nothing"}), name="nothing"),
]
