"""From the results in var/bench to docs/performance.md and its charts."""

from __future__ import annotations

import json
from typing import Any

from tests.bench import charts
from tests.bench.processes import ROOT, VAR
from tests.bench.registry import SCENARIOS, Chart, Result, Table, Target

VERDICTS = {True: "met", False: "NOT MET", None: "reported"}

INTRODUCTION = """\
# Performance

How fast Gatehouse is, how that grows with the directory, and how it compares. This page is written by
`python -m tests.bench report` from what `make bench` measured; the numbers are those of one run on one machine
that other work shared, so **ratios and growth count, absolute times only roughly**. What is compared runs at
the same time, in blocks that take turns; every value is a median of several rounds.

Statement counts are exact, and the test suite asserts them. Nothing that is timed is part of the test suite.
"""

CHOICES = """\
## What was chosen, and why

- **gunicorn with threads.** {server}
- **Persistent connections.** {connections}
- **Reads are index look-ups.** Whatever identity providers match by has a stored, case-folded key with a plain
  index, on both databases. Nothing that is looked up or paged by cursor is counted.
- **SQL that every push needs is built once.** Django's query compiler costs up to ten times what an index look-up
  does, so look-ups by userName, externalId, displayName and id, the locked reads and the inserts of a push have
  statements that are built once a thread (`identity/db/compiled.py`); the token's look-up is the health check as well.
- **Writes are sets.** A push of any number of members is a handful of statements on both sides of a mapping.
"""

RERUN = """\
## Running it again

```
make bench                                       # everything at full scale: about half an hour
python -m tests.postgres -- python -m tests.bench lookups pages --scale small
python -m tests.bench report                     # this page, from the last results in var/bench
```

`DATABASE_URL` names a PostgreSQL server to use instead of a throw-away one; databases named `gatehouse_bench_…`
are made there and dropped again. Linux only: CPU time and memory are read from `/proc`. The peers are installed
under `var/bench`, from pinned versions; without Node, scimmy-routers is left out.
"""


def write() -> int:
    """Write the page; 1 when there is nothing to write about."""
    results = _results()
    if not results:
        print("There are no results in var/bench: run `make bench` first.")
        return 1
    parts = [INTRODUCTION, _machine(results), _targets(results), _choices(results)]
    parts += [_section(name, facts) for name, facts in results.items()]
    target = ROOT / "docs" / "performance.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text("\n".join([*parts, RERUN]), encoding="utf-8")
    print("Wrote docs/performance.md")
    return 0


def _results() -> dict[str, dict[str, Any]]:
    files = {name: VAR / f"{name}.json" for name in SCENARIOS}
    return {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items() if file.exists()}


def _result(facts: dict[str, Any]) -> Result:
    return Result(
        [Table(**table) for table in facts["tables"]],
        [Target(**target) for target in facts["targets"]],
        facts["notes"],
        [Chart(**chart) for chart in facts["charts"]],
    )


def _machine(results: dict[str, dict[str, Any]]) -> str:
    facts = next(iter(results.values()))["machine"]
    told = ", ".join(f"{name}: {value}" for name, value in facts.items())
    small = [name for name, result in results.items() if result["scale"] == "small"]
    also = f" At small scale only: {', '.join(small)}." if small else ""
    return f"*{told}.*{also}\n"


def _targets(results: dict[str, dict[str, Any]]) -> str:
    table = Table("", ["work", "must", "measured", ""])
    for facts in results.values():
        table.rows += [[t.what, t.must, t.measured, VERDICTS[t.met]] for t in _result(facts).targets]
    return f"## The targets\n\n{markdown(table)}"


def _section(name: str, facts: dict[str, Any]) -> str:
    result = _result(facts)
    parts = [f"## {facts['title']}\n"]
    for table in result.tables:
        parts.append(f"{table.title}:\n\n{markdown(table)}")
        parts += [f"{table.note}\n"] if table.note else []
    for number, chart in enumerate(result.charts):
        file = charts.save(chart, f"bench-{name}{number or ''}.svg")
        parts.append(f"![{chart.title}](images/{file})\n")
    parts += [f"{note}\n" for note in result.notes]
    return "\n".join(parts)


def _choices(results: dict[str, dict[str, Any]]) -> str:
    return CHOICES.format(server=_server(results), connections=_connections(results))


def _server(results: dict[str, dict[str, Any]]) -> str:
    if "server_choice" not in results:
        return "Not measured in this run."
    rows = results["server_choice"]["tables"][0]["rows"]
    ratios = sorted(row[-1] for row in rows)
    return (
        f"On our own requests gunicorn's CPU time is {ratios[0]:.2f} to {ratios[-1]:.2f} times granian's: the work "
        "of a request is in the application and the database, not in the server. gunicorn stays: pure Python, "
        "preloading shares a worker's memory, and everybody who operates Django knows it."
    )


def _connections(results: dict[str, dict[str, Any]]) -> str:
    if "connections" not in results:
        return "Not measured in this run."
    rows = {row[0]: row for row in results["connections"]["tables"][0]["rows"]}
    kept, pool, new = rows["persistent"], rows["pool"], rows["one for each request"]
    unprepared = rows["persistent, nothing prepared"]
    return (
        f"A GET costs {kept[1]:.2f} ms of server CPU and {kept[2]:.2f} ms in the database with a connection that is "
        f"kept for each thread, {pool[1]:.2f} and {pool[2]:.2f} ms with psycopg's pool, {new[1]:.2f} and "
        f"{new[2]:.2f} ms with a new one each time. Kept connections need no second mechanism; where workers × "
        "threads exceed the database's limit, the pool is one line in `DATABASES`. Statements are prepared: without "
        f"that the database needs {unprepared[2]:.2f} ms for a GET and {unprepared[4]:.2f} instead of "
        f"{kept[4]:.2f} ms for a POST."
    )


def markdown(table: Table) -> str:
    lines = [table.columns, ["---"] + ["---:" if _is_number(table, n) else "---" for n in range(1, len(table.columns))]]
    lines += [[_cell(value) for value in row] for row in table.rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _is_number(table: Table, column: int) -> bool:
    return all(isinstance(row[column], (int, float)) for row in table.rows)


def text_table(table: Table) -> str:
    lines = [table.columns, *([_cell(value) for value in row] for row in table.rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(table.columns))]
    told = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
    return "\n".join([table.title, *told])


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
