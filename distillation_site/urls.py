"""Where everything is served."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView

from distillation.api.docs import RedocView, SwaggerView
from distillation.api.views.site import HealthView, NothingHereView
from distillation_site.choices import set_language

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="root"),
    path("admin/", admin.site.urls),
    path("i18n/setlang/", set_language, name="set_language"),
    path("health/", HealthView.as_view(), name="health"),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("swagger-ui/", SwaggerView.as_view(url_name="schema"), name="swagger-ui"),
    path("redoc/", RedocView.as_view(url_name="schema"), name="redoc"),
    path("auth/", include("distillation.api.auth_urls")),
    path("model-distillation/", include("distillation.api.urls")),
    path("model-distillation", NothingHereView.as_view({"get": "nothing"})),
]

handler400 = "distillation.api.errors.bad_request"
handler403 = "distillation_site.console.refused"
handler404 = "distillation_site.console.not_there"
handler500 = "distillation.api.errors.server_error"
