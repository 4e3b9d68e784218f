"""The records of what happened. Audit events are append-only, enforced by the database; they name people by id."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.db import connections, models
from django.db.models.functions import Now
from django.utils import timezone

from identity.core.asked import KeptRequest
from identity.core.words import worded_values
from identity.db.defaults import EMPTY_LIST, EMPTY_OBJECT
from identity.log_words import in_words, shown_details, shown_params

FEW = 1_000


class RecordQuerySet(models.QuerySet[Any]):
    """Rows written in time order, so that the primary key follows it."""

    def since(self, moment: datetime) -> RecordQuerySet:
        return self.filter(pk__gte=self.first_id_since(moment))

    def before(self, moment: datetime) -> RecordQuerySet:
        return self.filter(pk__lt=self.first_id_since(moment))

    def newest_id(self) -> int:
        """That of the newest visible row; 0 if there is none."""
        return self.aggregate(newest=models.Max("pk"))["newest"] or 0

    def first_id_since(self, moment: datetime) -> int:
        """The id of the table's first row at or after `moment`, else one past the last.

        One statement that bisects the primary key: some twenty lookups in 5,000,000 rows, and no index
        on the time that every write would pay for.
        """
        connection = connections[self.db]
        table = connection.ops.quote_name(self.model._meta.db_table)
        at = connection.ops.adapt_datetimefield_value(_in_utc(moment))
        with connection.cursor() as cursor:
            cursor.execute(_HALVING.format(table=table), [at, at])
            return int(cursor.fetchone()[0])


def _in_utc(moment: datetime) -> datetime:
    """The same moment in UTC; one outside the years 1 to 9999 in UTC becomes the nearest that Python can represent."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC) if moment.year == 1 else datetime.max.replace(tzinfo=UTC)


# Each row of the recursion is the range left to search, its middle last; it compares the first row from there on.
_HALVING = """
    WITH RECURSIVE span (low, high) AS (
        SELECT coalesce(min(id), 0), coalesce(max(id), 0) + 1 FROM {table}
        UNION ALL
        SELECT
            CASE WHEN (SELECT at FROM {table} WHERE id >= (low + high) / 2 ORDER BY id LIMIT 1) < %s
                THEN (low + high) / 2 + 1 ELSE low END,
            CASE WHEN (SELECT at FROM {table} WHERE id >= (low + high) / 2 ORDER BY id LIMIT 1) < %s
                THEN high ELSE (low + high) / 2 END
        FROM span WHERE low < high
    )
    SELECT low FROM span WHERE low >= high
"""


class AuditEvent(models.Model):
    """One change, written in its transaction (SR-41). Columns are plain ids: the rows they name may be gone."""

    at = models.DateTimeField(default=timezone.now, db_default=Now())
    action = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.BigIntegerField(null=True)
    actor_label = models.CharField(max_length=150, blank=True, default="", db_default="")
    request_id = models.CharField(max_length=32)
    identity_provider_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    group_id = models.BigIntegerField(null=True)
    sso_group_id = models.BigIntegerField(null=True)
    details = models.JSONField(default=dict, db_default=EMPTY_OBJECT)

    objects = RecordQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "audit log"
        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(fields=["user_id", "id"], name="audit_by_user"),
            models.Index(fields=["group_id", "id"], name="audit_by_group"),
            models.Index(
                fields=["user_id", "group_id", "id"], name="audit_by_member", condition=models.Q(group_id__isnull=False)
            ),
            models.Index(fields=["action", "id"], name="audit_by_action"),
            models.Index(fields=["actor_kind", "id"], name="audit_by_actor"),
            models.Index(fields=["actor_id", "id"], name="audit_by_person", condition=models.Q(actor_kind="user")),
            models.Index(fields=["identity_provider_id", "id"], name="audit_by_provider"),
        ]

    def __str__(self) -> str:
        return self.action

    @property
    def shown_details(self) -> dict[str, Any]:
        """The details, with what is stored as a code in words."""
        return worded_values(self.details)

    @property
    def known_origin(self) -> AuditOrigin | None:
        """Its origin, if recorded and fetched with the event: runs no query."""
        field: Any = self._meta.get_field("origin")
        found: AuditOrigin | None = field.get_cached_value(self, default=None)
        return found


class MembershipChange(models.Model):
    """One user who joined or left a portal group by an event that moved many.

    Events about one user (`membership.added`) need none. Plain ids, as in the events.
    """

    event_id = models.BigIntegerField()
    user_id = models.BigIntegerField()
    group_id = models.BigIntegerField()
    joined = models.BooleanField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["user_id", "event_id"], name="membership_change_by_user"),
            models.Index(fields=["event_id", "joined"], name="membership_change_by_event"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {'joined' if self.joined else 'left'} {self.group_id}"


class AuditPersonalData(models.Model):
    """Names, usernames and emails of an event: the part that a permanent deletion erases (R10)."""

    event = models.OneToOneField(
        AuditEvent,
        primary_key=True,
        on_delete=models.DO_NOTHING,
        related_name="personal_data",
        db_constraint=False,  # an event never goes
    )
    user_id = models.BigIntegerField(db_index=True)
    values = models.JSONField(default=dict, db_default=EMPTY_OBJECT)

    class Meta:
        verbose_name_plural = "audit personal data"

    def __str__(self) -> str:
        return f"event {self.event_id}"


class AuditOrigin(models.Model):
    """Where an event came from: also erased by a permanent deletion (R10).

    `network` is what the address is counted and searched by (`identity.core.origins`). A repeating event is stored once
    per `window` of time; `times` says how often it happened, `last_at` when it last did.
    """

    event = models.OneToOneField(
        AuditEvent, primary_key=True, on_delete=models.DO_NOTHING, related_name="origin", db_constraint=False
    )
    user_id = models.BigIntegerField(null=True, db_index=True)
    address = models.CharField(max_length=64, blank=True, default="", db_default="")
    network = models.CharField(max_length=64, blank=True, default="", db_default="")
    browser = models.CharField(max_length=200, blank=True, default="", db_default="")
    window = models.CharField(max_length=100, null=True, unique=True)
    times = models.PositiveIntegerField(default=1, db_default=1)
    last_at = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["network", "event"], name="audit_origin_by_network")]

    def __str__(self) -> str:
        return f"event {self.event_id}"


class ProvisioningLogQuerySet(RecordQuerySet):
    def about(self, key: str) -> ProvisioningLogQuerySet:
        """Rows about a person or SSO group whose name begins with this key.

        Few are found by the name's index and then by their ids; many are soon met from the newest row on. From the name
        alone, PostgreSQL would go through all rows to find a page of few.
        """
        matching = self.model.objects.using(self.db).filter(subject_key__begins=key)
        ids = list(matching.order_by().values_list("pk", flat=True)[: FEW + 1])
        return self.filter(pk__any_of=ids) if len(ids) <= FEW else self.filter(subject_key__begins=key)


class ProvisioningLog(models.Model):
    """One row for each SCIM write or refusal: what the IdP sent, and the outcome.

    `what` and `params` are put into words on display (`identity.log_words`). A row of an earlier version that
    could not be migrated has the words themselves, as `text`. `asked` is the request itself, without
    secrets (`identity.core.asked`), for as long as requests are kept.
    """

    class Outcome(models.TextChoices):
        APPLIED = "applied", "Applied"
        PARTLY = "partly", "Applied in part"
        UNCHANGED = "unchanged", "Nothing to change"
        REFUSED = "refused", "Refused"

    at = models.DateTimeField(default=timezone.now, db_default=Now())
    identity_provider = models.ForeignKey(
        "identity.IdentityProvider", null=True, on_delete=models.SET_NULL, related_name="log"
    )
    token_label = models.CharField(max_length=150, blank=True, default="", db_default="")
    request_id = models.CharField(max_length=32)
    address = models.CharField(max_length=64, blank=True, default="", db_default="")
    method = models.CharField(max_length=8)
    resource_type = models.CharField(max_length=20)
    resource_id = models.CharField(max_length=64, blank=True, default="", db_default="")
    user = models.ForeignKey("identity.User", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    subject_key = models.CharField(max_length=255, blank=True, default="", db_default="")
    outcome = models.CharField(max_length=10, choices=Outcome)
    status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=40, blank=True, default="", db_default="")
    what = models.CharField(max_length=40, blank=True, default="", db_default="")
    params = models.JSONField(default=dict, db_default=EMPTY_OBJECT)
    text = models.TextField(blank=True, default="", db_default="")
    details = models.JSONField(default=dict, db_default=EMPTY_OBJECT)
    asked = models.TextField(blank=True, default="", db_default="")
    duration_ms = models.PositiveIntegerField(default=0, db_default=0)

    objects = ProvisioningLogQuerySet.as_manager()

    class Meta:
        verbose_name = "provisioning log entry"
        verbose_name_plural = "provisioning log"
        ordering = ("-id",)
        indexes: ClassVar = [
            models.Index(fields=["identity_provider", "id"], name="log_by_provider"),
            models.Index(fields=["outcome", "id"], name="log_by_outcome"),
            models.Index(fields=["request_id"], name="log_by_request"),
            models.Index(fields=["user", "id"], name="log_by_user"),
            models.Index(fields=["resource_id"], name="log_without_user", condition=models.Q(user=None)),
            models.Index(fields=["subject_key"], name="log_by_subject", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["id"], name="log_with_request", condition=~models.Q(asked="")),
        ]

    def __str__(self) -> str:
        return self.summary

    @property
    def summary(self) -> str:
        """The outcome in words."""
        return in_words(self.what, self.params, self.details) if self.what else self.text

    @property
    def request(self) -> KeptRequest | None:
        """What was asked, if it was kept."""
        return KeptRequest.of_text(self.asked)

    @property
    def shown_params(self) -> dict[str, Any]:
        """The parameters, with the sentence of a refusal in words."""
        return shown_params(self.params)

    @property
    def shown_details(self) -> dict[str, Any]:
        """The details, with what is stored as codes in words."""
        return shown_details(self.details)


class SealedKeys(models.Model):
    """The portal's own keys that outlive SECRET_KEY, encrypted with it (`identity.services.digest_keys`)."""

    purpose = models.CharField(max_length=40, db_index=True)
    sealed = models.TextField()

    class Meta:
        verbose_name_plural = "sealed keys"

    def __str__(self) -> str:
        return self.purpose


class DeletionRecord(models.Model):
    """Proof of a permanent deletion: ids and keyed digests only (R10, SR-19)."""

    user_id = models.BigIntegerField()
    scim_ids = models.JSONField(default=list, db_default=EMPTY_LIST)
    username_digest = models.CharField(max_length=64, db_index=True)
    email_digest = models.CharField(max_length=64, blank=True, default="", db_default="", db_index=True)
    deleted_by_id = models.BigIntegerField(null=True)
    deleted_at = models.DateTimeField(default=timezone.now, db_default=Now())
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"user {self.user_id}"
