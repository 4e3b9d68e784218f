"""Access: modes, the what-if page, API tokens, retention, scheduled jobs, webhooks."""

from portal.admin.access import alarms, api_tokens, modes, scheduled_jobs, webhooks

__all__ = ["alarms", "api_tokens", "modes", "scheduled_jobs", "webhooks"]
