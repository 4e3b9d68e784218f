"""Access tokens for SCIM clients that come without a stored secret (R29)."""
