"""A network of the tests' own: hosts in namespaces at one bridge, whose cables lose packets or are pulled.

`python -m tests.lan COMMAND…` runs the command in an empty network, which goes when it ends. That takes Linux, root and
the programs below; elsewhere the command runs as ever, and the tests that need hosts are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.processes import run
from tests.programs import not_here

TOLD = "NETWORK_OF_THE_TESTS_OWN"  # in the environment of what runs in one
PROGRAMS = ("ip", "nft", "unshare", "setpriv")
NETWORK = "10.77.0"
OURS = f"{NETWORK}.1"  # of the test itself
# Names of hosts are mounts: a mount namespace keeps them to this run as well.
EMPTY = 'mkdir -p /run/netns && mount -t tmpfs none /run/netns && ip link set lo up && exec "$@"'


@dataclass(frozen=True)
class Host:
    """One at the bridge, with a cable of its own (`port` is its other end)."""

    name: str
    address: str

    @property
    def port(self) -> str:
        return f"to-{self.name}"

    def words(self, command: Sequence[str | Path], *, user: str = "") -> list[str | Path]:
        """The command there, which dies with whoever started it."""
        lowered = ["setpriv", "--reuid", user, "--clear-groups", "--pdeathsig", "TERM"] if user else []
        return ["ip", "netns", "exec", self.name, *lowered, *command]

    def loses(self, percent: int) -> None:
        """So many of its packets, each way; 0: none, 100: the cable is pulled, and nobody is told."""
        verdict = "drop" if percent == 100 else f"numgen random mod 100 < {percent} drop"
        for where, device in (([], self.port), (["ip", "netns", "exec", self.name], "eth0")):
            table = f"netdev cable_{device.replace('-', '_')}"
            hook = f"chain {table} in {{ type filter hook ingress device {device} priority 0; }}"
            rules = [f"add table {table}", f"delete table {table}"]
            if percent:
                rules += [f"add table {table}", f"add {hook}", f"add rule {table} in {verdict}"]
            run([*where, "nft", "-f", "-"], input="\n".join(rules) + "\n", check=True)

    def takes(self, address: str) -> None:
        """An address that moves between hosts; the others are told."""
        self._ip("address", "add", f"{address}/24", "dev", "eth0")
        # Linux tells all who have asked before when the card's own address is set, though it stays the same.
        itself = "ip link set eth0 address $(cat /sys/class/net/eth0/address)"
        run(["ip", "netns", "exec", self.name, "sh", "-c", itself], check=True)

    def gives_up(self, address: str) -> None:
        self._ip("address", "delete", f"{address}/24", "dev", "eth0")

    def _ip(self, *words: str) -> None:
        run(["ip", "-netns", self.name, *words], check=True)


class Lan:
    """The bridge, and the hosts at it by their names."""

    def __init__(self) -> None:
        self.hosts: dict[str, Host] = {}

    def host(self, name: str, number: int) -> Host:
        host = self.hosts[name] = Host(name, f"{NETWORK}.{number}")
        inside = ["ip", "-netns", name]
        for words in (
            ["ip", "netns", "add", name],
            ["ip", "link", "add", host.port, "type", "veth", "peer", "name", "eth0", "netns", name],
            ["ip", "link", "set", host.port, "master", "lan", "up"],
            [*inside, "link", "set", "lo", "up"],
            [*inside, "address", "add", f"{host.address}/24", "dev", "eth0"],
            [*inside, "link", "set", "eth0", "up"],
            # Who gets an address tells the others, as a host that takes over for another does.
            ["ip", "netns", "exec", name, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/eth0/arp_notify"],
        ):
            run(words, check=True)
        return host


@contextmanager
def lan() -> Iterator[Lan]:
    """For as long as the block runs."""
    if TOLD not in os.environ:
        not_here("a network of the tests' own", f"as root with {', '.join(PROGRAMS)}: make crash, make cluster-test")
    here = Lan()
    run(["ip", "link", "add", "lan", "type", "bridge"], check=True)
    try:
        run(["ip", "address", "add", f"{OURS}/24", "dev", "lan"], check=True)
        run(["ip", "link", "set", "lan", "up"], check=True)
        yield here
    finally:
        for name in here.hosts:
            run(["ip", "netns", "delete", name])
        run(["ip", "link", "delete", "lan"])


def main(command: list[str]) -> None:
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    apart = ["unshare", "--net", "--mount", "sh", "-c"]
    if missing or os.geteuid() or subprocess.run([*apart, "ip link set lo up"], check=False, timeout=60).returncode:
        sys.stderr.write(f"No network of the tests' own: it takes root and {', '.join(missing or PROGRAMS)}.\n")
        os.execvp(command[0], command)  # noqa: S606 - the words are the caller's own
    os.environ[TOLD] = "yes"
    os.execvp(apart[0], [*apart, EMPTY, "sh", *command])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
