"""Everybody's own pages: signing in, password, second factor, profile, API tokens."""
