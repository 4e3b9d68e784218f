"""The dashboard: what needs attention, and the number of users over time."""

from portal.admin.home import dashboard

__all__ = ["dashboard"]
