"""`python -m tests.fuzz`: so many hostile requests at every door, from a seed that says them again.

`--door scim --number 4711` sends one of them once more.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest

CAMPAIGN = Path(__file__).with_name("campaign.py")


class Order:
    """What is to be sent, for the campaign."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options

    @pytest.fixture
    def order(self) -> argparse.Namespace:
        return self.options


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000, help="at all doors together (default: 100,000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--door", choices=["scim", "rest", "pages", "door"], action="append", help="only this one")
    parser.add_argument("--number", type=int, help="only this request of each door")
    order = Order(parser.parse_args())
    for_hours = ["--timeout=0", "-o", "faulthandler_timeout=0"]
    quietly = ["-q", "-s", "--show-capture=no", "-p", "no:cacheprovider"]
    return pytest.main([*quietly, *for_hours, str(CAMPAIGN)], plugins=[order])


if __name__ == "__main__":
    sys.exit(main())
