"""Rows ⇄ resources, on django-scim2's adapter protocol. Saving makes exactly one service call."""
