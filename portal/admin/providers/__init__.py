"""Identity providers with their tokens, connections, set-up guides, conflicts and mismatches."""

from portal.admin.providers import conflicts, identity_providers, scim_tokens, scim_trusts, sso_connections, turned_away

__all__ = ["conflicts", "identity_providers", "scim_tokens", "scim_trusts", "sso_connections", "turned_away"]
