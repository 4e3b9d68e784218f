"""The doors and their addresses (DESIGN 5)."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from portal.health import healthz

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/", admin.site.urls),
    path("scim/v2/", include("scim.urls")),
    path("healthz", healthz, name="healthz"),
]
