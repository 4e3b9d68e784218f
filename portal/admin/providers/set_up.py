"""Setting up an identity provider step by step, with the progress so far, and the live view of its requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.forms import Form
from django.urls import reverse

from identity.core.decisions import Action
from identity.db.counting import MOST, up_to
from identity.models import GroupMapping, IdentityProvider
from identity.services import provider_contacts
from portal.admin.frame.base import ActionPage
from portal.admin.frame.deciding import decide, mode_of, person_of
from portal.admin.providers.received import live
from portal.admin.providers.scim_trusts import state_of
from portal.admin.providers.sso_connections import connections_of
from portal.guides import guide_of


def scim_base_url() -> str:
    """The SCIM base URL to enter at the identity provider (SR-31: never from a request's headers)."""
    return f"{settings.PUBLIC_URL}/scim/v2"


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the set-up; `anchor` is its place on the page."""

    anchor: str
    title: str
    is_done: bool
    is_next: bool


STAGES = (
    ("token", "Create a token"),
    ("enter", "Configure the identity provider"),
    ("attributes", "Map the attributes"),
    ("test", "Test the connection"),
    ("people", "Send people and groups"),
)


def stages(*done: bool) -> list[Stage]:
    """The steps, with the first unfinished one marked as next."""
    following = done.index(False) if False in done else -1
    return [Stage(*stage, done[at], at == following) for at, stage in enumerate(STAGES)]


class Watch(ActionPage):
    """Show this identity provider's requests for the next half hour."""

    name = "watch"
    label = "Watch requests"
    has_button = False
    action = Action.MANAGE_PROVIDERS
    icon = "visibility"
    submit = "Watch for 30 minutes"
    explanation = (
        "For half an hour the portal keeps each request of this identity provider, reads as well, and shows it as it "
        "comes in. Start its connection test meanwhile."
    )

    def run(self, form: Form) -> str:
        provider_contacts.watch(self.obj, actor=person_of(self.request))
        return ""

    def get_success_url(self) -> str:
        return f"{reverse('admin:identity_identityprovider_set_up', args=(self.obj.pk,))}#test"


class SetUp(ActionPage):
    """The guide for the provider's kind, with this portal's own URLs; read-only."""

    name = "set_up"
    label = "Set-up guide"
    action = Action.VIEW_PROVIDERS
    icon = "checklist"
    http_method_names = ("get", "head", "options")
    template_name = "admin/identity/identityprovider/set_up.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if kwargs.get("refusal"):
            return super().get_context_data(**kwargs)
        provider, guide = self.obj, guide_of(self.obj)
        tokens = [token for token in provider.scim_tokens.made() if not token.is_expired]
        trusts = list(provider.scim_trusts.all())
        has_access = bool(tokens or trusts)
        seen = live(provider)
        is_connected = bool(seen["good"] or provider.last_request_at)
        group_count = provider.sso_groups.count()
        return super().get_context_data(
            title=f"Set up {provider}",
            guide=guide,
            there=str(provider) if provider.kind == IdentityProvider.Kind.OTHER else provider.get_kind_display(),
            is_public=settings.PUBLIC_URL.startswith("https://"),
            scim_enabled=mode_of(self.request).scim_enabled,
            boxes=guide.filled_in(scim_base_url()),
            tokens=tokens,
            trusts=[(trust, state_of(trust)) for trust in trusts],
            may_change_trust=decide(self.request, Action.CHANGE_TRUST, identity_provider=provider),
            stages=stages(
                has_access,
                is_connected,
                is_connected,
                is_connected,
                provider.user_count > 0,
            ),
            is_connected=is_connected,
            managed=up_to(MOST, provider.user_count),
            waiting=up_to(MOST, provider.open_conflicts),
            sso_group_count=group_count,
            mapping_count=GroupMapping.objects.filter(sso_group__identity_provider=provider).count(),
            connections=connections_of(provider),
            **{name: value for name, value in seen.items() if name != "obj"},
            **kwargs,
        )
