"""The audit log and the provisioning log."""

from portal.admin.logs import audit_log, provisioning_log

__all__ = ["audit_log", "provisioning_log"]
