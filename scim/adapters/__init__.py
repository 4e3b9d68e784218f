"""Rows ⇄ resources, on django-scim2's adapter protocol. Each save makes exactly one service call."""
