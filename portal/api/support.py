"""Support: disabled users, and their permanent deletion (R10, SR-19)."""

from __future__ import annotations

from dataclasses import asdict
from typing import ClassVar

from django.http import HttpResponseBase
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from identity.core.decisions import Action
from identity.models import DeletionRecord, Scope, Status, User
from identity.services import deletion
from portal.api.fields import AssetRef, GroupRef, Said, UserRef, key
from portal.api.filters import PersonFilter
from portal.api.named_rows import named_in
from portal.api.operations import operation
from portal.api.users import UserInList
from portal.api.views import Resources


class PreflightAnswer(serializers.Serializer):
    """What a deletion would remove, and what must be transferred first."""

    user = UserRef()
    groups = GroupRef(many=True)
    owned_alone = AssetRef(many=True, help_text="They need a transferee.")
    owned_with_others = serializers.IntegerField()
    provisioned = serializers.BooleanField(help_text="Whether an identity provider's record goes too.")
    log_rows = serializers.IntegerField(help_text="Entries of the provisioning log that are erased.")


class DeletionSaid(Said):
    username = serializers.CharField(max_length=255, help_text="Typed, as proof that it is this person who is meant.")
    reason = serializers.CharField(max_length=500, help_text="It stays: name no personal data.")
    transferee = key(required=False, allow_null=True, help_text="Who takes over what would be left without an owner.")


class DeletionAnswer(serializers.ModelSerializer):
    """What remains of a deleted user: ids, who deleted them, when and why."""

    scim_ids = serializers.ListField(child=serializers.UUIDField(), read_only=True)

    class Meta:
        model = DeletionRecord
        fields = ("id", "user_id", "scim_ids", "deleted_by_id", "deleted_at", "reason")


class DisabledUsers(Resources):
    """Disabled users, for support."""

    tag = "Support"
    seen_by = Action.VIEW_DISABLED_USERS
    scope = Scope.SUPPORT
    queryset = User.objects.with_status(Status.DISABLED).select_related("managed_by")
    serializer_class = PreflightAnswer
    list_serializer_class = UserInList
    filterset_class = PersonFilter
    orderings: ClassVar[dict[str, str]] = {"username": "username_key", "id": "pk"}
    default_ordering = "username"
    fresh = frozenset({"delete_permanently"})

    def represent(self, row: User) -> dict[str, object]:
        return dict(PreflightAnswer({"user": row, **asdict(deletion.preflight(row))}).data)

    @operation("list_disabled_users", answer=UserInList, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List disabled users."""
        return self.page()

    @operation("preview_deletion", answer=PreflightAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Preview a permanent deletion: what goes, and what needs a new owner."""
        return self.answer(self.get_object())

    @operation("delete_user_permanently", body=DeletionSaid, answer=DeletionAnswer)
    @action(detail=True, methods=["post"], url_path="delete-permanently")
    def delete_permanently(self, request: Request, pk: int) -> Response:
        """Delete a disabled user permanently.

        The identity provider's record goes too. Events stay; personal values are erased everywhere; ids remain in
        the deletion record. In a browser this needs a fresh sign-in.
        """
        said, transferee = self.said, self.said.get("transferee")
        record = deletion.delete_permanently(
            self.get_object(),
            typed_username=said["username"],
            reason=said["reason"],
            transferee=named_in(User, transferee, "transferee") if transferee else None,
            actor=self.actor,
        )
        return Response(DeletionAnswer(record).data)


class Transferees(Resources):
    """Users who can take over assets, for support to search: everyone who isn't disabled (R12)."""

    tag = "Support"
    seen_by = Action.VIEW_DISABLED_USERS
    scope = Scope.SUPPORT
    queryset = User.objects.able_to_own()
    serializer_class = UserRef
    filterset_class = PersonFilter
    orderings: ClassVar[dict[str, str]] = {"username": "username_key"}
    default_ordering = "username"

    @operation("list_transferees", answer=UserRef, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List users who can take over assets."""
        return self.page()


class Deletions(Resources):
    """Deletion records, for support and administrators, newest first."""

    tag = "Support"
    seen_by = Action.VIEW_DELETIONS
    queryset = DeletionRecord.objects.all()
    serializer_class = DeletionAnswer
    default_ordering = "-id"

    @operation("list_deletions", answer=DeletionAnswer, is_list=True)
    def list(self, request: Request) -> HttpResponseBase:
        """List deletion records."""
        return self.page()

    @operation("get_deletion", answer=DeletionAnswer)
    def retrieve(self, request: Request, pk: int) -> Response:
        """Show a deletion record."""
        return self.answer(self.get_object())
