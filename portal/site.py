"""The portal's admin site: who gets in, and what the sidebar and every page know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import include, path, reverse
from unfold.sites import UnfoldAdminSite

from identity import policy
from identity.actors import Person
from portal.middleware import note_refusal

if TYPE_CHECKING:
    from django.template.response import TemplateResponse


class PortalAdminSite(UnfoldAdminSite):
    """Unfold's admin site with the portal's own doors: one sign-in page, its own password pages, its dashboard."""

    site_title = "Gatehouse"
    site_header = "Gatehouse"
    index_title = "Dashboard"
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only the portal's own pages: what other people's apps bring (allauth's) would write past the services."""
        if admin_class is not None and admin_class.__module__.startswith("portal."):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Enabled staff. Checked at every request, so that a disabled administrator is out at once (SR-22)."""
        return bool(request.user.is_authenticated and request.user.is_active and request.user.is_staff)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """There is one sign-in page, for everyone; members who wander here go to their profile, and are told why."""
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

    def break_glass(self, request: HttpRequest) -> HttpResponse:
        """The drill page, for administrators."""
        from portal.admin.break_glass import drill_page  # noqa: PLC0415 - it reads models, and the site comes first

        decision = policy.decide(policy.Action.VIEW_DIRECTORY, actor=Person(request.user))  # type: ignore[arg-type]
        if not decision:
            raise PermissionDenied(decision.reason)
        return drill_page(request, self.each_context(request))

    def app_index(self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None) -> Any:
        """The sidebar is the index; Django's list of models is not one that people know."""
        return HttpResponseRedirect(reverse("admin:index"))

    def extra_urls(self) -> list[Any]:
        """Unfold's hook: the disabled users are a second page of pages about users, and support's alone."""
        from portal.admin.support import disabled_users  # noqa: PLC0415 - the pages stand on this module

        return [
            path("disabled-users/", include(disabled_users(self).get_urls())),
            path("break-glass/", self.admin_view(self.break_glass), name="break_glass"),
        ]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from portal.admin.dashboard import dashboard  # noqa: PLC0415 - the dashboard reads the registered pages

        return super().index(request, {**dashboard(request), **(extra_context or {})})
