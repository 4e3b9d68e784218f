"""Users, invitations, bulk runs, break-glass accounts, and permanent deletion."""

from portal.admin.people import break_glass, bulk_runs, invitations, support, users

__all__ = ["break_glass", "bulk_runs", "invitations", "support", "users"]
