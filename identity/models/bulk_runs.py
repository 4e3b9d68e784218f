"""Bulk actions: one action on many people, one after the other, with a result for each."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from identity.db.defaults import EMPTY_OBJECT
from identity.log_words import refusal_in_words


class BulkRun(models.Model):
    """The action on its rows, and who runs it. It is a draft until it is started."""

    class Kind(models.TextChoices):
        ENABLE = "enable", "Enable users"
        DISABLE = "disable", "Disable users"
        ADD_TO_GROUPS = "add_to_groups", "Add users to groups"
        INVITE = "invite", "Invite people from a file"
        RESEND_INVITATION = "resend_invitation", "Send invitations again"
        REVOKE_INVITATION = "revoke_invitation", "Revoke invitations"

    kind = models.CharField(max_length=20, choices=Kind)
    values = models.JSONField(default=dict, db_default=EMPTY_OBJECT)  # shared by all rows: the groups to add to
    started_by = models.ForeignKey("identity.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, db_default=Now())
    is_draft = models.BooleanField(default=False, db_default=False)

    class Meta:
        verbose_name = "bulk action"
        ordering: ClassVar = ("-id",)

    def __str__(self) -> str:
        return str(BulkRun.Kind(self.kind).label)


class BulkRow(models.Model):
    """One person in a run, and the result.

    `told` holds the groups or the address to show, or the code and parameters of a refusal; the words are made on
    display.
    It is None in rows of an earlier version that could not be migrated: these have the words, as `text`.
    """

    class Outcome(models.TextChoices):
        PENDING = "pending", "Waiting"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        LEFT_ALONE = "left_alone", "Left as it was"

    run = models.ForeignKey(BulkRun, on_delete=models.CASCADE, related_name="rows")
    position = models.PositiveIntegerField()
    user = models.ForeignKey("identity.User", null=True, on_delete=models.CASCADE, related_name="+")
    subject_key = models.CharField(max_length=255, db_index=True)  # the username's key: a deletion finds it (R10)
    # For a person named in a file, likewise.
    email_key = models.CharField(max_length=255, db_index=True, blank=True, default="", db_default="")
    values = models.JSONField(default=dict, db_default=EMPTY_OBJECT)  # for this row only: the person to invite
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.PENDING, db_default=Outcome.PENDING)
    told = models.JSONField(null=True, default=dict)
    text = models.TextField(blank=True, default="", db_default="")

    class Meta:
        ordering: ClassVar = ("run", "position")
        constraints: ClassVar = [models.UniqueConstraint(fields=["run", "position"], name="bulk_row_position")]
        indexes: ClassVar = [models.Index(fields=["run", "outcome", "position"], name="bulk_row_by_outcome")]

    def __str__(self) -> str:
        return self.username

    @property
    def username(self) -> str:
        """The portal's username, else the one in the file."""
        return self.user.username if self.user else str(self.values.get("username", ""))

    @property
    def sentence(self) -> str:
        """The result in words; empty while the row waits."""
        if self.told is None:
            return self.text
        if self.outcome != BulkRow.Outcome.DONE:
            return refusal_in_words(self.told)
        named = {name: ", ".join(found) if isinstance(found, list) else found for name, found in self.told.items()}
        return _DONE[BulkRun.Kind(self.run.kind)].format_map(named)

    @property
    def result(self) -> str:
        """The result, including a failed invitation mail, which may come later; reads `user__invitation`."""
        invitation = getattr(self.user, "invitation", None)
        if self.run.kind in _MAILED and invitation is not None and invitation.mail_failed_at:
            return "Invited, but the mail could not be sent."
        return self.sentence


_DONE = {
    BulkRun.Kind.ENABLE: "Enabled.",
    BulkRun.Kind.DISABLE: "Disabled.",
    BulkRun.Kind.ADD_TO_GROUPS: "In {groups}.",
    BulkRun.Kind.INVITE: "The invitation is on its way to {email}.",
    BulkRun.Kind.RESEND_INVITATION: "A new link is on its way to {email}.",
    BulkRun.Kind.REVOKE_INVITATION: "The link stopped working; the account is disabled.",
}
_MAILED = (BulkRun.Kind.INVITE, BulkRun.Kind.RESEND_INVITATION)
