"""Faults of machines, under load: slow, so `make crash` runs them and `make test` does not (docs/reliability.md)."""
