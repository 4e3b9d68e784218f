"""The portal's admin site: who may enter, and what the sidebar and every page show."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

from portal.session.refusals import note_refusal

if TYPE_CHECKING:
    from django.template.response import TemplateResponse


class PortalAdminSite(UnfoldAdminSite):
    """Unfold's admin site with the portal's own sign-in page, password pages and dashboard."""

    site_title = "Gatehouse"
    site_header = "Gatehouse"
    index_title = "Dashboard"
    enable_nav_sidebar = True

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self._urls_of_areas: list[Callable[[PortalAdminSite], list[Any]]] = []
        self._dashboard: Callable[[HttpRequest], dict[str, Any]] = lambda request: {}

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only the portal's own pages: those of other apps (allauth's) would write past the services."""
        if admin_class is not None and admin_class.__module__.startswith("portal."):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Enabled staff. Checked at every request, so that a disabled administrator is out at once (SR-22)."""
        return bool(request.user.is_authenticated and request.user.is_active and request.user.is_staff)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """One sign-in page for everyone; members who end up here are sent to their profile, and told why."""
        if request.user.is_authenticated:
            if not self.has_permission(request):
                note_refusal(request, code="role_required")
                messages.warning(request, "That page is for administrators and support. This is your own profile.")
            return HttpResponseRedirect(reverse("profile"))
        target = request.GET.get("next") or reverse("admin:index")
        return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': target})}")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if request.method != "POST":
            return HttpResponse(status=405, headers={"Allow": "POST"})
        return super().logout(request, extra_context)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return HttpResponseRedirect(reverse("password_change"))

    def app_index(self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None) -> Any:
        """The sidebar is the index; Django's list of models means nothing to users."""
        return HttpResponseRedirect(reverse("admin:index"))

    def add_urls(self, urls: Callable[[PortalAdminSite], list[Any]]) -> None:
        """An area's pages that belong to no model."""
        self._urls_of_areas.append(urls)

    def add_dashboard(self, dashboard: Callable[[HttpRequest], dict[str, Any]]) -> None:
        """The contents of the home page."""
        self._dashboard = dashboard

    def extra_urls(self) -> list[Any]:
        """Unfold's hook."""
        return [page for urls in self._urls_of_areas for page in urls(self)]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {**self._dashboard(request), **(extra_context or {})})


site = cast("PortalAdminSite", admin.site)
"""The one site, under Django's name: areas register their pages with it."""
