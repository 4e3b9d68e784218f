"""SCIM requests tried out as an identity provider, and rolled back."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.models import IdentityProvider
from portal.api.fields import Said
from portal.api.named_rows import row_of
from portal.api.operations import operation
from portal.api.views import Singleton
from portal.tryout.self_test import self_test
from portal.tryout.trials import LONGEST_PATH, METHODS, try_request


class TrialSaid(Said):
    """A SCIM request."""

    method = serializers.ChoiceField(choices=METHODS)
    path = serializers.CharField(max_length=LONGEST_PATH, help_text="Below the SCIM base URL, such as /Users.")
    body = serializers.JSONField(required=False, allow_null=True, default=None)


class LogLineAnswer(serializers.Serializer):
    """A row that the provisioning log would have."""

    outcome = serializers.CharField()
    status = serializers.IntegerField()
    summary = serializers.CharField()


class ChangeAnswer(serializers.Serializer):
    """An event that the audit log would have."""

    action = serializers.CharField()
    words = serializers.CharField()
    subject = serializers.CharField(help_text="The user or group that it is about, by name.")
    details = serializers.ListField(child=serializers.CharField())
    joined = serializers.ListField(child=serializers.CharField(), help_text="Who would join which group.")
    left = serializers.ListField(child=serializers.CharField(), help_text="Who would leave which group.")
    more = serializers.IntegerField(help_text="Further moves that are not listed.")


class ConsequencesAnswer(serializers.Serializer):
    """What would have remained."""

    log = LogLineAnswer(many=True)
    changes = ChangeAnswer(many=True)
    conflicts = serializers.ListField(child=serializers.CharField())


class TrialAnswer(serializers.Serializer):
    """The answer that the identity provider would get, and what would change. Nothing was changed."""

    method = serializers.CharField()
    path = serializers.CharField()
    status = serializers.IntegerField()
    headers = serializers.DictField(child=serializers.CharField())
    answer = serializers.JSONField(allow_null=True)
    consequences = ConsequencesAnswer()
    caution = serializers.CharField(help_text="Why it would be turned away if it were sent now.")


class StepAnswer(serializers.Serializer):
    """A request of the self-test."""

    name = serializers.CharField()
    method = serializers.CharField()
    path = serializers.CharField()
    status = serializers.IntegerField(help_text="0: it could not be sent.")
    has_passed = serializers.BooleanField()
    difference = serializers.CharField(help_text="What was wrong with the answer.")
    summary = serializers.CharField(help_text="What the provisioning log would say.")


class SelfTestAnswer(serializers.Serializer):
    """The requests that every identity provider makes. Nothing was changed."""

    has_passed = serializers.BooleanField()
    caution = serializers.CharField(help_text="Why they would be turned away if they were sent now.")
    steps = StepAnswer(many=True)


class TriedAsProvider(Singleton):
    """Something that is done as the identity provider in the URL, and rolled back."""

    tag = "Identity providers"
    seen_by = Action.VIEW_PROVIDERS
    queryset = IdentityProvider.objects.all()


class Trials(TriedAsProvider):
    """One request."""

    @operation("try_scim_request", body=TrialSaid, answer=TrialAnswer)
    def create(self, request: Request, provider_id: int) -> Response:
        """Try a SCIM request as an identity provider: its answer and consequences.

        It is rolled back: nothing is changed, no mail is sent, and the logs stay as they are.
        """
        said: dict[str, Any] = self.said
        trial = try_request(row_of(IdentityProvider, provider_id), **said, actor=self.actor)
        return Response(TrialAnswer(trial).data)


class SelfTests(TriedAsProvider):
    """Those that every identity provider makes."""

    @operation("self_test_identity_provider", answer=SelfTestAnswer)
    def create(self, request: Request, provider_id: int) -> Response:
        """Play the requests that every identity provider makes, and roll them back."""
        return Response(SelfTestAnswer(self_test(row_of(IdentityProvider, provider_id), actor=self.actor)).data)
