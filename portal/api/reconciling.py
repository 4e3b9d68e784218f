"""Reconciling with identity providers: preview, then apply exactly what was previewed (R28)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.core.errors import InvalidValue
from identity.models import AccessSettings, GroupMapping, IdentityProvider, User
from identity.queries.drift import drifts_between
from identity.services import reconciling
from portal.api.fields import PeopleAnswer, Said, key, people
from portal.api.named_rows import named_in
from portal.api.operations import operation
from portal.api.views import Singleton
from portal.api.what_if import DriftAnswer, drift_shown

SUBJECTS: dict[str, type[Any]] = {"user": User, "mapping": GroupMapping, "identity_provider": IdentityProvider}


class SubjectSaid(Said):
    """Exactly one of them."""

    user = key(required=False)
    mapping = key(required=False)
    identity_provider = key(required=False)


class ReconcileSaid(SubjectSaid):
    fingerprint = serializers.CharField(max_length=64, help_text="That of the preview which you looked at.")


class ReconciliationAnswer(serializers.Serializer):
    """Where the portal differs from what was said last. `fingerprint` identifies exactly these differences."""

    enables = PeopleAnswer()
    disables = PeopleAnswer()
    groups = DriftAnswer(many=True)
    fingerprint = serializers.CharField()


class Reconciliation(Singleton):
    """Status and mapped groups, set to what an identity provider said last, while SCIM is on."""

    tag = "Reconciliation"
    seen_by = Action.VIEW_ACCESS
    queryset = AccessSettings.objects.all()

    @operation("preview_reconciliation", query=SubjectSaid, answer=ReconciliationAnswer)
    def retrieve(self, request: Request) -> Response:
        """Preview a reconciliation.

        Of a user, of the portal group of a mapping, or of everyone and everything of an identity provider.
        """
        return self._shown(reconciling.differences(self._subject(self.asked)))

    @operation("reconcile", body=ReconcileSaid, answer=ReconciliationAnswer)
    def create(self, request: Request) -> Response:
        """Set status and mapped groups to what the identity provider said last.

        Exactly the differences of the preview are applied, and answered; 409 `outdated` when they have changed since,
        403 `nothing_differs` when there are none.
        """
        subject = self._subject(self.said)
        return self._shown(reconciling.reconcile(subject, fingerprint=self.said["fingerprint"], actor=self.actor))

    def _subject(self, said: dict[str, Any]) -> reconciling.Subject:
        named = {name: said[name] for name in SUBJECTS if name in said}
        if len(named) != 1:
            raise InvalidValue("user", "or mapping, or identity_provider must be said: exactly one of them")
        ((name, pk),) = named.items()
        row: reconciling.Subject = named_in(SUBJECTS[name], pk, name.replace("_", " "))
        return row

    def _shown(self, found: reconciling.Differences) -> Response:
        shown = {
            "enables": people(User.objects.filter(pk__any_of=sorted(found.enables))),
            "disables": people(User.objects.filter(pk__any_of=sorted(found.disables))),
            "groups": [drift_shown(drift) for drift in drifts_between(found.joins, found.leaves)],
            "fingerprint": found.fingerprint,
        }
        return self.show(dict(ReconciliationAnswer(shown).data))
