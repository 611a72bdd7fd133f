"""Settings from the environment; with nothing set, SQLite and files below ``./var``."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from distillation_site import env
from distillation_site.databases import cache, database

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
TEACHER_ALIASES = env.pairs("TEACHER_ALIASES", "")
"""Names of teachers in older requests → teachers that exist here; the console's table overrides it."""
DISTILLATION_LIST_LIMIT = int(env.number("DISTILLATION_LIST_LIMIT", 500.0, minimum=1.0))
"""Rows of a list that was asked for without a page."""
DISTILLATION_WEB_PROCESSES = int(
    env.number("DISTILLATION_WEB_PROCESSES", float(min(4, os.cpu_count() or 1)), minimum=1.0)
)
"""Of ``make run``. Python computes in one thread of a process at a time; about 150 MB each."""
DISTILLATION_STREAMS_PER_USER = int(env.number("DISTILLATION_STREAMS_PER_USER", 60.0, minimum=1.0))
"""Live pages that one person may have open on one web process."""
DISTILLATION_CHECKPOINT_SECONDS = env.number("DISTILLATION_CHECKPOINT_SECONDS", 15.0, minimum=0.0)
"""How much work a killed engine may lose."""
DISTILLATION_LEASE_SECONDS = env.number("DISTILLATION_LEASE_SECONDS", 30.0, minimum=6.0)
"""How long a worker may be silent before its runs go back to the queue; it reports at least six times as often."""
DISTILLATION_CACHE_BYTES = int(
    env.number(
        "DISTILLATION_CACHE_BYTES", float(min(50e9, shutil.disk_usage(DISTILLATION_HOME).total // 5)), minimum=0.0
    )
)
"""Of prepared pictures and teachers' outputs; above it, what was used longest ago and nobody goes on with is freed."""
DISTILLATION_UPLOAD_LIMIT_MB = int(env.number("DISTILLATION_UPLOAD_LIMIT_MB", 4096.0, minimum=1.0))
"""Of an archive that somebody sends from the browser."""
DISTILLATION_UNPACKED_LIMIT_MB = int(env.number("DISTILLATION_UNPACKED_LIMIT_MB", 20480.0, minimum=1.0))
DISTILLATION_UPLOAD_ENTRIES = int(env.number("DISTILLATION_UPLOAD_ENTRIES", 500_000.0, minimum=1.0))
"""What such an archive may unpack to, and its files and folders."""

SECRET_KEY = env.text("DISTILLATION_SECRET_KEY", "") or env.secret_key(DISTILLATION_HOME / "secret_key")
DEBUG = env.flag("DISTILLATION_DEBUG", False)
ALLOWED_HOSTS = env.words("DISTILLATION_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("DISTILLATION_TRUSTED_ORIGINS", "")

# Front ends on other hosts
CORS_ALLOWED_ORIGINS = env.words("DISTILLATION_CORS_ORIGINS", "")
CORS_URLS_REGEX = r"^/(model-distillation|auth|api|health)(/|$)"
CORS_ALLOW_METHODS = ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")
CORS_ALLOW_HEADERS = ("accept", "accept-language", "authorization", "content-type", "x-request-id")
CORS_EXPOSE_HEADERS = ("x-request-id", "x-total-count", "retry-after", "content-disposition")

# Logging in
ACCESS_TOKEN_MINUTES = env.number("DISTILLATION_ACCESS_MINUTES", 30.0, minimum=1.0)
REFRESH_TOKEN_DAYS = env.number("DISTILLATION_REFRESH_DAYS", 7.0, minimum=0.01)
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=ACCESS_TOKEN_MINUTES),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=REFRESH_TOKEN_DAYS),
    "CHECK_REVOKE_TOKEN": True,  # a changed password ends the sessions that the old one began
}
FOREIGN_TOKENS = env.foreign_tokens()
"""Tokens that another system issues: None, or how they are verified and which claims name the person."""
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True
AXES_SENSITIVE_PARAMETERS = ["password"]
AXES_USERNAME_CALLABLE = "distillation_site.accounts.name_at_the_door"
AXES_LOCKOUT_CALLABLE = "distillation.api.errors.locked_out"
AUTHENTICATION_BACKENDS = ["distillation_site.accounts.Accounts"]

# Requests a caller may make: "600/minute"; "off" for no limit
THROTTLES = {
    "anonymous": env.rate("DISTILLATION_THROTTLE_ANONYMOUS", "600/minute"),
    "user": env.rate("DISTILLATION_THROTTLE_USER", "6000/minute"),
    "write": env.rate("DISTILLATION_THROTTLE_WRITE", "3000/minute"),
    "login": env.rate("DISTILLATION_THROTTLE_LOGIN", "30/minute"),
}
CACHES = {"default": cache(env.text("DISTILLATION_CACHE_URL", ""))}

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "distillation_site.apps.ConsoleConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "axes",
    "rest_framework",
    "rest_framework_simplejwt",
    "rest_framework_simplejwt.token_blacklist",
    "rest_framework_api_key",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "distillation",
]

MIDDLEWARE = [
    "distillation_site.request_id.request_id_middleware",
    "distillation_site.origin.origin_middleware",
    "corsheaders.middleware.CorsMiddleware",
    "distillation_site.compression.compression_middleware",
    "distillation_site.static_compression.static_compression_middleware",
    "distillation_site.content_policy.content_policy_middleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "axes.middleware.AxesMiddleware",
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
WHITENOISE_IMMUTABLE_FILE_TEST = r"/plotly-[0-9.]+/"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "distillation_site.plotly_files.PlotlyFinder",
]

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
        "distillation.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
        "distillation.api.authentication.PasswordAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["distillation.api.permissions.Allowed"],
    "DEFAULT_THROTTLE_CLASSES": [
        "distillation.api.throttles.CallerThrottle",
        "distillation.api.throttles.WriteThrottle",
    ],
    "DEFAULT_RENDERER_CLASSES": ["distillation.api.envelope.EnvelopeRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser", "rest_framework.parsers.FormParser"],
    "NUM_PROXIES": 0,  # uvicorn has put the client's address in place where a proxy is trusted
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
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "distillation.api.schema_finish.finish",
    ],
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
    "SCRIPTS": ["distillation.admin.navigation.theme_script"],
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
    "loggers": {"django.server": {"handlers": ["console"], "propagate": False}, "axes": {"level": "WARNING"}},
}
