"""Hostile requests at every endpoint of every door: none is a server error, and the next one is served (SR-33, SR-37).

`make fuzz` sends a hundred thousand (N=…, SEED=…), `tests/test_fuzz.py` the first thousand of a fixed seed.
"""
