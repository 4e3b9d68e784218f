"""The foundation: actors, errors, decisions, keys and secrets. No database, no import from the rest of identity."""
