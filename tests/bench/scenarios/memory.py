"""What a worker weighs after load, and how long a start takes."""

from __future__ import annotations

import resource
import subprocess
import sys
import time

from tests.bench import databases, payloads, servers
from tests.bench.client import Client, in_parallel
from tests.bench.measure import median, proportional_megabytes
from tests.bench.processes import ROOT, Server, clean_environment
from tests.bench.registry import Result, Scale, Table, Target, scenario

MEGABYTES = 160.0
SECONDS = 2.0
WORKERS = 2


@scenario("memory", "Memory of a worker, time of a start")
def memory(scale: Scale) -> Result:
    address = databases.fresh("memory")
    with servers.gatehouse(address, workers=WORKERS) as server:
        _load(server, scale.load)
        processes = [server.pid, *server.workers()]
        weights = [proportional_megabytes(pid) for pid in processes]
    each = sum(weights) / WORKERS
    cpu, wall = _starts(address)
    roles = ["master", *(f"worker {number}" for number in range(1, len(weights)))]
    return Result(
        [
            Table(
                f"Resident memory after {scale.load * 4:,} requests, shared pages divided among the processes",
                ["process", "MB"],
                [
                    *([role, weight] for role, weight in zip(roles, weights, strict=True)),
                    ["together, for each worker", each],
                ],
            ),
            Table("Importing and setting up the application", ["", "seconds"], [["CPU", cpu], ["wall clock", wall]]),
        ],
        [
            Target("memory of a worker", f"≤ {MEGABYTES:.0f} MB", f"{each:.0f} MB", each <= MEGABYTES),
            Target("import and setup", f"≤ {SECONDS:.0f} s", f"{cpu:.2f} s CPU, {wall:.2f} s", cpu <= SECONDS),
        ],
    )


def _load(server: Server, people: int) -> None:
    """Everyday traffic: people come, are looked up, changed and listed; a person looks at the sign-in page."""

    def work(client: Client, number: int) -> None:
        user = client.ok("POST", "/Users", payloads.user(f"load{number}")).json()["id"]
        client.find("Users", f'userName eq "load{number}@corp.example"')
        client.ok("PATCH", f"/Users/{user}", payloads.patch("replace", "title", f"Engineer {number}"))
        client.ok("GET", "/Users?count=100")

    in_parallel([server.client() for _ in range(8)], work, range(people))
    page = Client(server.port, "", "")
    with page:
        for _ in range(20):
            page.ok("GET", "/login/")


def _starts(address: str) -> tuple[float, float]:
    """Medians of CPU and wall-clock seconds of five starts, the interpreter's own start included."""
    cpu, wall = [], []
    environment = clean_environment() | {"DATABASE_URL": address}
    for _ in range(6):
        started, before = time.perf_counter(), _children_cpu()
        subprocess.run([sys.executable, "-c", "import portal.wsgi"], cwd=ROOT, env=environment, check=True, timeout=60)
        wall.append(time.perf_counter() - started)
        cpu.append(_children_cpu() - before)
    return median(cpu[1:]), median(wall[1:])


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
