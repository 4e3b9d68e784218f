"""Mutants: small faults put into the code, to see whether the tests notice.

    make mutants                                    300 of them, drawn over the packages below
    make mutants N=50 SEED=7                        other ones
    python -m tests.mutants identity/services/assets.py --number 20
    python -m tests.mutants --only identity/services/assets.py:31 --tests tests/identity/test_assets.py

`sites` finds what can be changed, `coverage_map` knows which tests run which lines (it is measured once for a tree,
under var/mutants), `trials` forks a child for each mutant out of one process that has collected the tests and made
the database, `report` says how it ended. Mutants of functions that lock rows are tried on PostgreSQL.

A mutant is killed when a test that passes without it fails; what hangs for a minute is killed by time. var/mutants/
survivors.md shows the others as diffs, for reading: each is a gap of the tests, a line that makes no difference, or
the same program said otherwise. docs/design/mutation.md tells what was found so.
"""
