"""An identity provider's requests, live, for those who set it up."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from identity.models import IdentityProvider
from identity.queries.received import heard_from
from portal.admin.frame.parts import is_key


def live(provider: IdentityProvider) -> dict[str, Any]:
    """What the live view shows."""
    heard = heard_from(provider)
    return {
        "obj": provider,
        "heard": heard,
        "good": next((one for one in heard if one.is_good), None),
        "newest": heard[0].request.pk if heard else 0,
        "live_url": reverse("admin:identity_identityprovider_live", args=(provider.pk,)),
        "watch_url": reverse("admin:identity_identityprovider_watch", args=(provider.pk,)),
    }


def live_fragment(request: HttpRequest, provider: IdentityProvider) -> HttpResponse:
    """The live view alone, for the page that polls every other second; 204 if there is nothing new."""
    context = live(provider)
    seen = request.GET.get("after", "")
    if provider.is_watched and is_key(seen) and int(seen) == context["newest"]:
        return HttpResponse(status=204)
    return TemplateResponse(request, "admin/identity/identityprovider/live.html", context)
