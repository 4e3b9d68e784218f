"""Replays recorded IdP traffic (format idp-traffic/1, docs/replay.md) against a SCIM endpoint."""
