"""Access: modes, the what-if page, API tokens, retention, scheduled jobs."""

from portal.admin.access import api_tokens, modes, scheduled_jobs

__all__ = ["api_tokens", "modes", "scheduled_jobs"]
