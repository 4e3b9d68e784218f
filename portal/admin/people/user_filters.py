"""The filters of the list of users."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from identity.models import Group, IdentityProvider, Membership, Role, Status, User
from portal.admin.frame.parts import is_key

LOCAL = "local"
BREAK_GLASS = "break_glass"
NEVER = "never"
CHOICES = 200


class StatusFilter(DropdownFilter):
    """Invited, Enabled or Disabled (R11)."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status.value, str(status.label)) for status in Status]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        return queryset.filter(status=self.value()) if self.value() in Status.values else queryset


class RoleFilter(DropdownFilter):
    """By role; break-glass accounts are owners with a flag."""

    title = "role"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*((role.value, str(role.label)) for role in Role), (BREAK_GLASS, "Break-glass account")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() == BREAK_GLASS:
            return queryset.filter(role=Role.OWNER, is_break_glass=True)
        return queryset.filter(role=self.value()) if self.value() in Role.values else queryset


class SourceFilter(DropdownFilter):
    """Who manages the account: the portal itself, or an identity provider."""

    title = "source"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        providers = IdentityProvider.objects.order_by("name")[:CHOICES]
        return [(LOCAL, "Local"), *((str(idp.pk), idp.name) for idp in providers)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        value = self.value() or ""
        if value == LOCAL:
            return queryset.filter(managed_by=None)
        return queryset.filter(managed_by=int(value)) if is_key(value) else queryset


class MemberOfFilter(DropdownFilter):
    """By portal group: of very many, the first two hundred plus the requested one."""

    title = "group"
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = dict(Group.objects.values_list("pk", "name")[:CHOICES])
        asked = request.GET.get("group", "")
        if is_key(asked) and int(asked) not in found:
            found |= dict(Group.objects.filter(pk=int(asked)).values_list("pk", "name"))
        return [(str(pk), name) for pk, name in found.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        value = self.value() or ""
        if not is_key(value):
            return queryset
        return queryset.filter(pk__in=Membership.objects.filter(group=int(value)).values("user"))


class LastActiveFilter(DropdownFilter):
    """Whether a user has ever signed in."""

    title = "last active"
    parameter_name = "active"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(NEVER, "Never logged in"), ("ever", "Has logged in")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() not in {NEVER, "ever"}:
            return queryset
        return queryset.filter(last_active__isnull=self.value() == NEVER)
