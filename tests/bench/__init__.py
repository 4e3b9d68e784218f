"""The benchmarks of docs/performance.md: `make bench`, or `python -m tests.bench --help`.

Nothing here is part of the test suite. Machines are shared and noisy, so what is compared runs in one go, in
short blocks that take turns (A B A B), and what is quoted are medians and ratios.
"""
