"""The last release: what `make upgrade-test` upgrades from, and whose code every new migration must let work on.

A release sets both anew (docs/upgrading.md, "Releasing"). Before there was one, they name the commit that the first one
must be upgradable from.
"""

COMMIT = "c8da10019d19e32f3c8b3269bc8fc275d54ef813"
MIGRATION = "0001_squashed_0040_database_defaults"
