"""What everything stands on: who acts, what can go wrong, keys, secrets. No database, no other room."""
