"""What switching a flag would change, and for whom (R21, R22); asking changes nothing."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action, Switch
from identity.core.errors import InvalidValue
from identity.db import replica
from identity.models import AccessSettings, User
from identity.queries import what_if
from identity.queries.drift import START, Comparison, Drift, Position
from identity.queries.what_if import MOST_COUNTED, Tone
from portal.api.fields import GroupRef, PeopleAnswer, Said, UserRef
from portal.api.json_bodies import of_django
from portal.api.modes import FlagsSaid, switched
from portal.api.operations import operation
from portal.api.users import UserInList
from portal.api.views import Resources, Singleton
from portal.project.replicas import read_by


class CellChangeAnswer(serializers.Serializer):
    """A row of the policy table whose answer changes."""

    action = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class EffectAnswer(serializers.Serializer):
    """One thing that would change, and for whom."""

    code = serializers.CharField(help_text="Stable: the list of all people asks for it.")
    title = serializers.CharField()
    sentence = serializers.CharField()
    tone = serializers.ChoiceField(choices=[tone.value for tone in Tone])
    count = serializers.IntegerField(help_text=f"Counted up to {MOST_COUNTED}.")
    is_capped = serializers.BooleanField(help_text="Whether there are more than that.")
    users = UserRef(many=True, help_text="The first of them by username.")


class DriftAnswer(serializers.Serializer):
    """A mapped group that has drifted from its SSO groups while SCIM was off."""

    group = GroupRef()
    joins = PeopleAnswer()
    leaves = PeopleAnswer()


NEXT = "Where the comparison of mapped groups goes on: `after` of the next part. Null when all are compared."


class DriftsAnswer(serializers.Serializer):
    """The findings of one part of the comparison."""

    groups = DriftAnswer(many=True)
    next_groups = serializers.CharField(allow_null=True, help_text=NEXT)


class WhatIfAnswer(serializers.Serializer):
    """What a switch would change, and for whom; nothing has been changed."""

    before = serializers.CharField()
    after = serializers.CharField()
    changes = CellChangeAnswer(many=True)
    missing = serializers.CharField(allow_null=True, help_text="What must be proven first, if anything.")
    effects = EffectAnswer(many=True)
    groups = DriftAnswer(many=True, help_text="When SCIM would be switched on and the portal followed: the first part.")
    next_groups = serializers.CharField(allow_null=True, help_text=NEXT)


class WhatIf(Singleton):
    """The preview of a switch, for administrators too: only owners can switch, but viewing changes nothing."""

    tag = "Access settings"
    seen_by = Action.VIEW_ACCESS
    queryset = AccessSettings.objects.all()

    @operation("preview_access_settings", query=FlagsSaid, answer=WhatIfAnswer)
    def retrieve(self, request: Request) -> Response:
        """Preview a switch: which answers of the policy change, and who is affected how."""
        return read_by(of_django(request), replica.REPORTS, self._preview)

    def _preview(self) -> Response:
        switch = Switch(self.mode, switched(self.mode, self.asked))
        shown = {
            "before": switch.before.code,
            "after": switch.after.code,
            "changes": what_if.changed_cells(switch),
            "missing": self._missing() if switch.enforces_sso else None,
            "effects": [_effect(touched) for touched in what_if.look(what_if.effects(switch))],
            **(_compared(START) if switch.starts_scim else {"groups": [], "next_groups": None}),
        }
        return self.show(dict(WhatIfAnswer(shown).data))

    def _missing(self) -> str | None:
        decision = self.decide(Action.ENFORCE_SSO)
        return None if decision else decision.reason


class AfterSaid(Said):
    after = serializers.CharField(max_length=60, help_text="`next_groups` of the answer before.")


class DifferingGroups(Singleton):
    """Where mapped groups differ from their SSO groups, part by part."""

    tag = "Access settings"
    seen_by = Action.VIEW_ACCESS
    queryset = AccessSettings.objects.all()

    @operation("list_differing_groups", query=AfterSaid, answer=DriftsAnswer)
    def retrieve(self, request: Request) -> Response:
        """Continue comparing mapped groups with their SSO groups.

        Each response covers a part of the memberships and reports the differences in it. A group whose members span
        several parts is reported in each: add its numbers.
        """
        return read_by(of_django(request), replica.REPORTS, self._part)

    def _part(self) -> Response:
        return self.show(dict(DriftsAnswer(_compared(Position.read(self.asked["after"]))).data))


class EffectSaid(FlagsSaid):
    effect = serializers.CharField(max_length=40, help_text="The code of one of the effects.")


class Affected(Resources):
    """Everyone affected by one effect of a switch."""

    tag = "Access settings"
    seen_by = Action.VIEW_ACCESS
    area = replica.REPORTS
    queryset = User.objects.select_related("managed_by")
    serializer_class = UserInList
    filter_backends = ()
    orderings: ClassVar[dict[str, str]] = {"username": "username_key"}
    default_ordering = "username"

    @operation("list_affected_users", query=EffectSaid, answer=UserInList, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List everyone affected by one effect of a switch."""
        return self.page()

    def get_queryset(self) -> QuerySet[User]:
        switch = Switch(self.mode, switched(self.mode, self.asked))
        found = {effect.code: effect.people for effect in what_if.effects(switch)}
        if self.asked["effect"] not in found:
            raise InvalidValue("effect", f"must be one of {', '.join(found)} for this switch")
        return found[self.asked["effect"]].select_related("managed_by")


def _effect(touched: what_if.Touched) -> dict[str, Any]:
    effect = touched.effect
    return {
        **{name: getattr(effect, name) for name in ("code", "title", "sentence")},
        "tone": effect.tone.value,
        "count": touched.count,
        "is_capped": touched.is_capped,
        "users": touched.named,
    }


def _compared(after: Position) -> dict[str, Any]:
    comparison = Comparison(after)
    comparison.go_on()
    return {
        "groups": [drift_shown(drift) for drift in comparison.drifts()],
        "next_groups": str(comparison.position) if comparison.position else None,
    }


def drift_shown(drift: Drift) -> dict[str, Any]:
    joins, leaves = ({"count": moving.count, "users": moving.named} for moving in (drift.joins, drift.leaves))
    return {"group": drift.group, "joins": joins, "leaves": leaves}
