"""Settings from the environment; with nothing set, SQLite and files below ``./var``."""

from __future__ import annotations

import os
from pathlib import Path

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from distillation_site import env
from distillation_site.databases import database

BASE_DIR = Path(__file__).resolve().parent.parent

# Where everything that is not code lives.
DISTILLATION_HOME = Path(env.text("DISTILLATION_HOME", str(BASE_DIR / "var"))).absolute()
DISTILLATION_HOME.mkdir(parents=True, exist_ok=True)
DATASETS_ROOT = DISTILLATION_HOME / "datasets"
MODELS_ROOT = DISTILLATION_HOME / "models"
RUNS_ROOT = DISTILLATION_HOME / "runs"

DISTILLATION_ERROR_STYLE = env.choice("DISTILLATION_ERROR_STYLE", "http", ("http", "legacy"))
DISTILLATION_PUBLIC_READ = env.flag("DISTILLATION_PUBLIC_READ", False)
DISTILLATION_DEFAULT_EXECUTOR = env.choice("DISTILLATION_DEFAULT_EXECUTOR", "platform", ("platform", "external"))
DISTILLATION_LIST_LIMIT = 1000
"""Rows of a list that was asked for without a page."""
DISTILLATION_CHECKPOINT_SECONDS = env.number("DISTILLATION_CHECKPOINT_SECONDS", 15.0, minimum=0.0)
"""How much work a killed engine may lose."""

SECRET_KEY = env.text("DISTILLATION_SECRET_KEY", "") or env.secret_key(DISTILLATION_HOME / "secret_key")
DEBUG = env.flag("DISTILLATION_DEBUG", False)
ALLOWED_HOSTS = env.words("DISTILLATION_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("DISTILLATION_TRUSTED_ORIGINS", "")

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "distillation",
]

MIDDLEWARE = [
    "distillation_site.request_id.request_id_middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "distillation_site.urls"
ASGI_APPLICATION = "distillation_site.asgi.application"
WSGI_APPLICATION = "distillation_site.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ],
        },
    },
]

# Language and time
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "distillation" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.time_zone("DISTILLATION_TIME_ZONE", "Asia/Shanghai")

DATABASES = {"default": database(os.environ.get("DATABASE_URL", ""), DISTILLATION_HOME, TIME_ZONE)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FIXTURE_DIRS = [BASE_DIR / "fixtures"]

# Static files come out of the installed packages; no collectstatic is needed.
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = "admin:index"
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.BasicAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["distillation.api.permissions.LoggedInOrPublicRead"],
    "DEFAULT_RENDERER_CLASSES": ["distillation.api.envelope.EnvelopeRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser", "rest_framework.parsers.FormParser"],
    "EXCEPTION_HANDLER": "distillation.api.errors.handle",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "COERCE_DECIMAL_TO_STRING": False,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "大小模型协同训练 / Collaborative training",
    "DESCRIPTION": "Distil large models into small ones: tasks, history, evaluations, presets and data sets.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
}

UNFOLD = {
    "SITE_TITLE": _("Collaborative training"),
    "SITE_HEADER": _("Collaborative training"),
    "SITE_URL": None,
    "SITE_SYMBOL": "hub",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "distillation.admin.navigation.favicon"},
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "6px",
    "STYLES": ["distillation.admin.navigation.styles"],
    "DASHBOARD_CALLBACK": "distillation.admin.dashboard.dashboard",
    "SIDEBAR": {"navigation": "distillation.admin.navigation.sidebar"},
    "COLORS": {
        # One accent: blue.
        "primary": {
            "50": "oklch(97% .014 254.604)",
            "100": "oklch(93.2% .032 255.585)",
            "200": "oklch(88.2% .059 254.128)",
            "300": "oklch(80.9% .105 251.813)",
            "400": "oklch(70.7% .165 254.624)",
            "500": "oklch(62.3% .214 259.815)",
            "600": "oklch(54.6% .245 262.881)",
            "700": "oklch(48.8% .243 264.376)",
            "800": "oklch(42.4% .199 265.638)",
            "900": "oklch(37.9% .146 265.522)",
            "950": "oklch(28.2% .091 267.935)",
        },
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "distillation_site.request_id.RequestIdFilter"}},
    "formatters": {
        "line": {
            "format": "{asctime} {levelname} {name} [{request_id}] {message}",
            "style": "{",
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]}},
    "root": {"handlers": ["console"], "level": env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))},
    "loggers": {"django.server": {"handlers": ["console"], "propagate": False}},
}
