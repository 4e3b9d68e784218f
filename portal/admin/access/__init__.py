"""Access: modes, the what-if page, API tokens."""

from portal.admin.access import api_tokens, modes

__all__ = ["api_tokens", "modes"]
