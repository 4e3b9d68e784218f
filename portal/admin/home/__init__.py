"""The dashboard: what needs attention, and how many there are."""

from portal.admin.home import dashboard

__all__ = ["dashboard"]
