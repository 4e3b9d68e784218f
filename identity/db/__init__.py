"""Database helpers: compiled statements, lookups, row locks, counting, and rules the database enforces."""
