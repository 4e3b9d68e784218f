"""Pages for every user: signing in, password, second factor, profile, API tokens."""
