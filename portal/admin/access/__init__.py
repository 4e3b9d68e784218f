"""Who may come in: modes, what would change with them, API tokens."""

from portal.admin.access import api_tokens, modes

__all__ = ["api_tokens", "modes"]
