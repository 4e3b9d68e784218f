"""Serializers in this API's style: responses, and inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from identity.core.decisions import Decision
from identity.models import Asset, Conflict, Group, IdentityProvider, SSOConnection, SSOGroup, SSOUser, User

LARGEST_KEY = 2**63 - 1
PEOPLE_NAMED = 50


# JSON's names for types that must match, since DRF also takes 7 for "7" and "yes" for true.
_TYPES: dict[type[serializers.Field], tuple[type, str]] = {
    serializers.CharField: (str, "must be a string."),
    serializers.BooleanField: (bool, "must be true or false."),
    serializers.IntegerField: (int, "must be a whole number."),
}


class Said(serializers.Serializer):
    """An input, in a body or (`in_address`) as parameters.

    Unknown names are refused, not ignored (SR-25), and so are values of the wrong type.
    """

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):  # one of a list; DRF says so
            return super().to_internal_value(data)
        wrong = {name: problem for name, value in data.items() if (problem := self._problem(name, value))}
        if wrong:
            raise serializers.ValidationError({name: [wrong[name]] for name in sorted(wrong)})
        return super().to_internal_value(data)

    def _problem(self, name: str, value: Any) -> str:
        field = self.fields.get(name)
        if field is None:
            return "is not known here."
        kind, problem = next((found for cls, found in _TYPES.items() if isinstance(field, cls)), (object, ""))
        if self.context.get("in_address"):
            return problem if kind is bool and value not in {"true", "false"} else ""
        return "" if value is None or kind in {object, type(value)} else problem


class Secret(serializers.CharField):
    """A secret shown once. A response repeated for a retry (Idempotency-Key) comes without it (SR-11)."""

    def __init__(self) -> None:
        super().__init__(read_only=True, allow_null=True, help_text="Shown once; null in a replay.")


class ShownOnce(serializers.Serializer):
    """Part of a response: a secret, and a note where it is missing."""

    secret = Secret()
    note = serializers.CharField(read_only=True, allow_null=True, help_text="In a replay: why there is no secret.")


def key(**options: Any) -> serializers.IntegerField:
    """A row's id, which must fit the database's integers."""
    return serializers.IntegerField(min_value=1, max_value=LARGEST_KEY, **options)


class UserRef(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ("id", "username", "display_name")


class GroupRef(serializers.ModelSerializer):
    class Meta:
        model = Group
        fields = ("id", "name")


class AssetRef(serializers.ModelSerializer):
    class Meta:
        model = Asset
        fields = ("id", "name")


class ProviderRef(serializers.ModelSerializer):
    class Meta:
        model = IdentityProvider
        fields = ("id", "name")


class SSOUserRef(serializers.ModelSerializer):
    class Meta:
        model = SSOUser
        fields = ("id", "user_name")


class SSOGroupRef(serializers.ModelSerializer):
    identity_provider = ProviderRef(read_only=True)

    class Meta:
        model = SSOGroup
        fields = ("id", "display_name", "identity_provider")


class ConnectionRef(serializers.ModelSerializer):
    identity_provider = ProviderRef(read_only=True)

    class Meta:
        model = SSOConnection
        fields = ("id", "protocol", "identity_provider")


class ConflictRef(serializers.ModelSerializer):
    class Meta:
        model = Conflict
        fields = ("id", "user_name", "reason")


class PeopleAnswer(serializers.Serializer):
    """How many, and the first of them by username."""

    count = serializers.IntegerField()
    users = UserRef(many=True)


def people(rows: QuerySet[User], most: int = PEOPLE_NAMED) -> dict[str, Any]:
    """A set of users as `PeopleAnswer`."""
    return {"count": rows.count(), "users": rows.order_by("username_key")[:most]}


class DecisionAnswer(serializers.Serializer):
    """Whether something may be done now, and why not."""

    allowed = serializers.BooleanField()
    code = serializers.CharField(
        help_text="Stable, for machines: `allowed`, `role_required`, `invite.scim_on_sso_enforced` …"
    )
    reason = serializers.CharField(help_text="A sentence: why not, and who can do it instead.")


def answers(decisions: dict[Any, Decision]) -> dict[str, dict[str, Any]]:
    """The policy's decisions by action, as `DecisionAnswer`."""
    return {
        str(action): {"allowed": found.allowed, "code": found.code, "reason": found.reason}
        for action, found in decisions.items()
    }
