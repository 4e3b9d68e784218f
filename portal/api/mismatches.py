"""The mismatch report: before go-live, which accounts an identity provider's userNames match (R5, R6)."""

from __future__ import annotations

from itertools import islice
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity import policy
from identity.core.decisions import Action
from identity.models import Conflict, IdentityProvider
from identity.queries.mismatch_tally import PART, Numbers
from identity.queries.mismatches import Match, Sent, find_mismatches, what_arrived
from portal.api.fields import ProviderRef, Said, UserRef, key
from portal.api.named_rows import named_in
from portal.api.operations import operation
from portal.api.views import Singleton

MOST = 20_000  # of received names; beyond that use manage.py mismatch_report


class NameSaid(Said):
    """A person as the identity provider names them."""

    user_name = serializers.CharField(max_length=255)
    email = serializers.CharField(max_length=255, required=False, allow_blank=True)


class MismatchSaid(Said):
    """`names`, or an `identity_provider` for what it has sent; `skip` continues with its next part."""

    names = serializers.ListField(child=NameSaid(), min_length=1, max_length=PART, required=False)
    identity_provider = key(required=False)
    skip = serializers.IntegerField(min_value=0, max_value=MOST, required=False, default=0)

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if ("names" in said) == ("identity_provider" in said):
            raise serializers.ValidationError({"names": ["is needed, or identity_provider: one of the two."]})
        return said


class MismatchAnswer(serializers.Serializer):
    """A userName, and the closest account."""

    user_name = serializers.CharField(source="sent.user_name")
    sent_email = serializers.CharField(source="sent.email")
    match = serializers.ChoiceField(choices=[(match.value, match.label) for match in Match])
    is_in_order = serializers.BooleanField(
        help_text="Whether the first push takes over exactly this account, or makes a new one."
    )
    obstacle = serializers.CharField(help_text="Why the account is not adopted silently; empty when it would be.")
    meaning = serializers.CharField(help_text="What the first push would do.")
    user = UserRef(allow_null=True)
    email = serializers.CharField(source="user.email", allow_null=True, default=None)
    managed_by = ProviderRef(source="user.managed_by", allow_null=True, default=None)


class MismatchReportAnswer(serializers.Serializer):
    """The report on these names. Nothing was changed."""

    compared = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="By match.")
    conflicting = serializers.IntegerField(help_text="How many have another email there than here.")
    guarded = serializers.IntegerField(help_text="How many are accounts that are not adopted silently.")
    findings = MismatchAnswer(many=True)
    next_skip = serializers.IntegerField(allow_null=True, help_text="`skip` of the next part; null after the last.")


class MismatchReport(Singleton):
    """Compare userNames with the accounts here."""

    tag = "Conflicts"
    seen_by = Action.VIEW_CONFLICTS
    queryset = Conflict.objects.all()

    @operation("compare_user_names", body=MismatchSaid, answer=MismatchReportAnswer)
    def create(self, request: Request) -> Response:
        """Report mismatches: which accounts an identity provider's userNames match.

        Before its first push or after. Nothing is changed.
        """
        policy.require(Action.RESOLVE_CONFLICTS, actor=self.actor)
        sent, next_skip = self._sent()
        findings, numbers = list(find_mismatches(sent)), Numbers()
        for finding in findings:
            numbers.add(finding)
        shown = {
            "compared": numbers.compared,
            "counts": {match.value: numbers.by_match[match] for match in Match},
            "conflicting": numbers.conflicting,
            "guarded": numbers.guarded,
            "findings": findings,
            "next_skip": next_skip,
        }
        return Response(MismatchReportAnswer(shown).data)

    def _sent(self) -> tuple[list[Sent], int | None]:
        """The names of this part, and where the next one begins."""
        said = self.said
        if "names" in said:
            return [Sent(name["user_name"], name.get("email", "")) for name in said["names"]], None
        provider = named_in(IdentityProvider, said["identity_provider"], "identity provider")
        until = said["skip"] + PART
        part = list(islice(what_arrived(provider), said["skip"], min(until, MOST) + 1))
        more = len(part) > PART and until < MOST
        return part[:PART], until if more else None
