"""Support: disabled users, and deleting them for good (R10, SR-19)."""

from __future__ import annotations

from django.contrib import admin

from identity.models import DeletionRecord, User
from identity.policy import Action
from portal.admin.base import PortalModelAdmin


@admin.register(DeletionRecord)
class DeletionRecordAdmin(PortalModelAdmin):
    view_actions = (Action.DELETE_PERMANENTLY, Action.VIEW_DIRECTORY)
    list_display = ("user_id", "deleted_at", "deleted_by", "reason")
    fields = ("user_id", "deleted_at", "deleted_by", "reason", "scim_ids", "username_digest", "email_digest")
    readonly_fields = ("deleted_by",)
    sortable_by = ()

    @admin.display(description="Deleted by")
    def deleted_by(self, obj: DeletionRecord) -> str:
        user = User.objects.filter(pk=obj.deleted_by_id).first() if obj.deleted_by_id else None
        return str(user) if user else "–"
