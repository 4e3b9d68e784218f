"""Recorded conversations of identity providers (format idp-traffic/1, docs/replay.md), played to a SCIM door."""
