"""What every fault needs: clients that write no line for each request."""

import logging

import pytest


@pytest.fixture(autouse=True)
def _quiet_clients() -> None:
    logging.getLogger("httpx").setLevel(logging.WARNING)
