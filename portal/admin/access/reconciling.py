"""Reconcile now: what differs from what an identity provider said last, then exactly that is applied (R28)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from identity.core.decisions import Action
from identity.models import GroupMapping, User
from identity.queries.drift import Moving, drifts_between
from identity.safeguards.asked import About
from identity.services import reconciling
from portal.admin.frame.base import ActionPage
from portal.admin.frame.deciding import person_of
from portal.admin.frame.fingerprints import FingerprintForm

GROUPS_SHOWN = 50
PEOPLE_SHOWN = 100


class Reconcile(ActionPage):
    """For a user, a mapping or an identity provider: what would change, and the button that applies it."""

    name = "reconcile"
    label = "Reconcile"
    action = Action.RECONCILE
    icon = "sync"
    submit = "Apply"
    form_class = FingerprintForm
    template_name = "admin/identity/reconcile.html"

    @classmethod
    def about(cls, request: HttpRequest, obj: Any) -> About:
        """A mapping is decided about as its portal group."""
        return {"group": obj.group} if isinstance(obj, GroupMapping) else super().about(request, obj)

    def run(self, form: FingerprintForm) -> str:
        reconciling.reconcile(self.obj, fingerprint=form.cleaned_data["fingerprint"], actor=person_of(self.request))
        return f"{self.named} is as the identity provider said last."

    @property
    def named(self) -> str:
        return str(self.obj.group if isinstance(self.obj, GroupMapping) else self.obj)

    def get_success_url(self) -> str:
        if isinstance(self.obj, GroupMapping):
            return reverse("admin:identity_group_change", args=(self.obj.group_id,))
        return super().get_success_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(title=f"Reconcile {self.named}", leads_to=self.named, **kwargs)
        if context.get("refusal"):
            return context
        found = reconciling.differences(self.obj)
        drifts = drifts_between(found.joins, found.leaves)
        return {
            **context,
            "differences": found,
            "enables": _people(found.enables),
            "disables": _people(found.disables),
            "drifts": drifts[:GROUPS_SHOWN],
            "more_groups": len(drifts[GROUPS_SHOWN:]),
        }


def _people(ids: frozenset[int]) -> Moving:
    """The first by username."""
    first = User.objects.filter(pk__any_of=sorted(ids)).order_by("username_key")[:PEOPLE_SHOWN] if ids else ()
    return Moving(len(ids), list(first))
