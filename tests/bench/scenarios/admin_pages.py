"""Every page of the administrators' and support's pages in a large directory with long logs."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations, product
from urllib.parse import urlencode

import psycopg

from tests.bench import databases, probe
from tests.bench.admin_addresses import Walk, texts, walks
from tests.bench.company import GROUPS, Company, company
from tests.bench.offered import Offered, offered_by
from tests.bench.processes import VAR
from tests.bench.registry import Result, Scale, Table, Target, scenario

STATEMENTS = 12
MILLISECONDS = 100.0
LOG_ROWS_A_USER = 5
ROUNDS = 4
CHOICES = 12  # of the many that a filter may offer, each alone
PAIRED = 3  # of them, with each of another's

LIST = re.compile(r"/admin/(identity/\w+|disabled-users)/")
NOTE = (
    "Of a page that is asked for in several ways, as its list offers them, the dearest counts. The machine was shared: "
    "each statement's quickest time of up to four rounds counts. What may be a long way to count is counted up to a "
    'limit, and "more than" stands before the number where there is more. Pages that redirect, or refuse and say why, '
    "are among them."
)
Queries = dict[str, list[str]]


@scenario("admin_pages", "Every page of the admin UI")
def admin_pages(scale: Scale) -> Result:
    users = scale.users[-1]
    it = company(users, users * LOG_ROWS_A_USER)
    answers = [answer for walk in walks(it) for answer in _walk(it, walk)]
    (VAR / "admin-pages-statements.json").write_text(json.dumps(answers, indent=1), encoding="utf-8")
    title = f"{users:,} users, {GROUPS:,} groups, {users * LOG_ROWS_A_USER:,} log rows"
    columns = ["page", "asked for in ways", "statements", "database ms", "dearest way"]
    return Result([Table(title, columns, list(_rows(answers)), NOTE)], [_target(answers, users)])


def _walk(it: Company, walk: Walk) -> list[probe.Answer]:
    """Each address once, with what its list offers; again where noise could decide."""
    with psycopg.connect(it.address, autocommit=True) as connection:
        mode = [walk.scim_enabled, walk.sso_enforced]
        connection.execute("UPDATE identity_accesssettings SET scim_enabled = %s, sso_enforced = %s", mode)
    addresses = list(dict.fromkeys([*walk.addresses, *_offered(it, walk)]))
    answers = {answer["name"]: answer for answer in _ask(it, walk, addresses)}
    for _ in range(ROUNDS - 1):
        dear = [name for name, answer in answers.items() if answer["db_ms"] > MILLISECONDS / 2]
        for again in _ask(it, walk, dear):
            answers[again["name"]] = _quicker(answers[again["name"]], again)
    return list(answers.values())


def _ask(it: Company, walk: Walk, addresses: list[str], *, once: bool = True) -> list[probe.Answer]:
    wanted = [probe.request(address, "GET", address) for address in addresses]
    return probe.ask(it.address, databases.token(), wanted, repeat=0, once=once, signed_in_as=walk.person)


def _quicker(one: probe.Answer, other: probe.Answer) -> probe.Answer:
    """One page of two rounds: each statement's quicker time counts, since the machine has other work."""
    if one["statements"] != other["statements"]:
        return max(one, other, key=lambda answer: answer["statements"])
    sql = [min(pair, key=_milliseconds) for pair in zip(one["sql"], other["sql"], strict=True)]
    return one | {"sql": sql, "db_ms": sum(map(_milliseconds, sql))}


def _milliseconds(statement: str) -> float:
    return float(statement.partition(" ms: ")[0])


# --- what lists offer ---


def _offered(it: Company, walk: Walk) -> Iterator[str]:
    """Each sort, filter and search of each list, every two of them together, and its last page."""
    lists = [address for address in walk.addresses if LIST.fullmatch(address)]
    for page in _ask(it, walk, lists, once=False):
        offered = offered_by(page["text"])
        queries = _queries(offered, texts(it))
        for query in [*_alone(queries), *_in_pairs(queries), *_last_page(offered)]:
            yield f"{page['name']}?{urlencode(query)}"


def _queries(offered: Offered, typed: dict[str, tuple[str, ...]]) -> Queries:
    """The values of each parameter; what has none of its own is searched for names."""
    found: Queries = {name: list(typed.get(name, typed["q"])) for name in offered.texts} | offered.choices
    columns = {column.lstrip("-") for sort in offered.values("o") for column in sort.split(".")[:1]} - {""}
    if columns:
        found["o"] = [f"{sign}{column}" for column in sorted(columns) for sign in ("", "-")]
    return found


def _alone(queries: Queries) -> Iterator[dict[str, str]]:
    for name, values in queries.items():
        few = values if len(values) <= CHOICES else [*values[: CHOICES - 1], values[-1]]
        yield from ({name: value} for value in few)


def _in_pairs(queries: Queries) -> Iterator[dict[str, str]]:
    for (one, ones), (other, others) in combinations(queries.items(), 2):
        yield from ({one: a, other: b} for a, b in product(_few(ones), _few(others)))


def _few(values: list[str]) -> list[str]:
    return values if len(values) <= PAIRED else [*values[: PAIRED - 1], values[-1]]


def _last_page(offered: Offered) -> Iterator[dict[str, str]]:
    numbers = [int(number) for number in offered.values("p") if number.isdecimal()]
    if numbers:
        yield {"p": str(max(numbers))}


# --- the result ---


def _rows(answers: list[probe.Answer]) -> Iterator[list[object]]:
    """A row for each page, whatever it was asked."""
    pages = defaultdict(list)
    for answer in answers:
        pages[_page(answer["name"])].append(answer)
    for page, same in pages.items():
        dearest = max(same, key=lambda answer: answer["db_ms"])
        yield [page, len(same), max(a["statements"] for a in same), dearest["db_ms"], dearest["name"].partition("?")[2]]


def _page(address: str) -> str:
    return re.sub(r"/\d+/", "/…/", address.partition("?")[0])


def _target(answers: list[probe.Answer], users: int) -> Target:
    over = [a["name"] for a in answers if not _is_met(a)]
    most = max(answer["statements"] for answer in answers)
    slowest = max(answer["db_ms"] for answer in answers)
    pages = len({_page(answer["name"]) for answer in answers})
    return Target(
        f"each of {pages} admin pages, asked for in {len(answers):,} ways, at {users:,} users and"
        f" {users * LOG_ROWS_A_USER:,} log rows",
        f"≤ {STATEMENTS} statements, ≤ {MILLISECONDS:.0f} ms in the database",
        f"at most {most} and {slowest:.0f} ms" + (f"; over: {', '.join(over)}" if over else ""),
        not over,
    )


def _is_met(answer: probe.Answer) -> bool:
    """A page that only says why something is refused, or leads elsewhere, is a page too."""
    opened = answer["status"] in {200, 302, 403}
    return opened and answer["statements"] <= STATEMENTS and answer["db_ms"] <= MILLISECONDS
