"""Invitations of people no identity provider provisions (SR-23)."""

from __future__ import annotations

from typing import ClassVar

from django.http import HttpResponseBase
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.db.locks import lock
from identity.models import Invitation, User
from identity.models.invitations import InvitationQuerySet
from identity.queries.invitation_links import OF_ITSELF, LinkState, link_of, with_link
from identity.services import invitations
from portal.api.fields import Said, UserRef
from portal.api.operations import operation
from portal.api.views import Resources


class InvitationAnswer(serializers.ModelSerializer):
    """A pending invitation: the address the link was mailed to, and when it expires."""

    user = UserRef(read_only=True)
    invited_by = UserRef(read_only=True, allow_null=True)
    is_expired = serializers.BooleanField(read_only=True)
    link = serializers.SerializerMethodField(help_text="Whether the link works now, or the first thing that is wrong.")
    link_problem = serializers.SerializerMethodField(help_text="The same in words, and what to do; empty if it works.")

    class Meta:
        model = Invitation
        fields = (
            "user",
            "email",
            "invited_by",
            "created_at",
            "expires_at",
            "is_expired",
            "mail_failed_at",
            "link",
            "link_problem",
        )
        extra_kwargs: ClassVar = {"mail_failed_at": {"help_text": "When the last try to mail it failed, if it did."}}

    @extend_schema_field(serializers.ChoiceField(choices=LinkState.choices))
    def get_link(self, invitation: Invitation) -> str:
        return link_of(invitation, self.context["view"].mode).value

    def get_link_problem(self, invitation: Invitation) -> str:
        return link_of(invitation, self.context["view"].mode).problem


class InvitationFilter(filters.FilterSet):
    link = filters.ChoiceFilter(
        choices=[(link.value, link.label) for link in OF_ITSELF],
        method="in_state",
        label="Whether the link itself works, or does not for this reason, SSO enforced or not.",
    )

    def in_state(self, rows: InvitationQuerySet, name: str, link: str) -> InvitationQuerySet:
        return with_link(rows, LinkState(link))


class InvitationSaid(Said):
    username = serializers.CharField(max_length=255, help_text="Permanent.")
    email = serializers.CharField(max_length=255, help_text="The invitation goes to this address.")
    first_name = serializers.CharField(max_length=255, required=False, allow_blank=True)
    last_name = serializers.CharField(max_length=255, required=False, allow_blank=True)


class Invitations(Resources):
    """Invitations, each identified by the id of the invited user."""

    tag = "Invitations"
    seen_by = Action.VIEW_DIRECTORY
    queryset = Invitation.objects.select_related("user", "invited_by")
    serializer_class = InvitationAnswer
    filterset_class = InvitationFilter
    lookup_field = "user_id"
    lookup_url_kwarg = "user_id"

    def hold(self, row: Invitation) -> None:
        lock(User, row.user_id)

    @operation("list_invitations", answer=InvitationAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List pending invitations."""
        return self.page()

    @operation("get_invitation", answer=InvitationAnswer)
    def retrieve(self, request: Request, user_id: int) -> Response:
        """Show an invitation."""
        return self.answer(self.get_object())

    @operation("invite_user", body=InvitationSaid, answer=InvitationAnswer, status=201)
    def create(self, request: Request) -> Response:
        """Invite a person.

        Creates an Invited user and mails a link that works once, for 72 hours.
        """
        user = invitations.invite_user(**self.said, actor=self.actor)
        return self.answer(self.get_queryset().get(user=user), 201)

    @operation("resend_invitation", answer=InvitationAnswer)
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, user_id: int) -> Response:
        """Mail a new link with a new deadline. The old link stops working."""
        user = self.get_object().user
        invitations.resend_invitation(user, actor=self.actor)
        return self.answer(self.get_queryset().get(user=user))

    @operation("revoke_invitation", status=204)
    def destroy(self, request: Request, user_id: int) -> Response:
        """Revoke an invitation. The user, who never signed in, becomes Disabled."""
        invitations.revoke_invitation(self.get_object().user, actor=self.actor)
        return Response(status=204)
