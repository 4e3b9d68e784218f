"""RFC 9865: cursor-based paging."""

from __future__ import annotations

import re
from typing import Any

from tests.conformance.requirements import Registry
from tests.conformance.service import SEARCH, Document, NotApplicable, Service, need

rfc = Registry(9865)


def _people(service: Service, number: int = 5) -> tuple[list[str], str]:
    """Ids of new users, and the filter that selects them."""
    mark = service.name("mark")
    return [service.new_user(externalId=mark, title=str(n))["id"] for n in range(number)], f'externalId eq "{mark}"'


def _page(service: Service, expression: str, cursor: str, **query: Any) -> Document:
    return service.get("/Users", filter=expression, cursor=cursor, **{"count": 2, **query}).having(200).json()


def _walk(service: Service, expression: str, **query: Any) -> list[str]:
    """The ids on all pages, one after the other."""
    ids: list[str] = []
    cursor = ""
    for _ in range(20):
        page = _page(service, expression, cursor, **query)
        ids += [one["id"] for one in page["Resources"]]
        cursor = page.get("nextCursor", "")
        if not cursor:
            return ids
    need(False, "the pages don't end")
    return ids


@rfc.must("2", "A query with an empty cursor answers the first page with a nextCursor.")
def first_page(service: Service) -> None:
    _, expression = _people(service)
    page = _page(service, expression, "")
    need(len(page["Resources"]) == 2 and page.get("nextCursor"), "there is no nextCursor, or the page is another size")


@rfc.must("2", "nextCursor leads through all pages: each resource once, none left out.")
def all_pages(service: Service) -> None:
    ids, expression = _people(service)
    need(sorted(_walk(service, expression)) == sorted(ids), "resources are missing or come twice")


@rfc.must("2", "The last page has no nextCursor.")
def last_page(service: Service) -> None:
    _, expression = _people(service, 4)
    second = _page(service, expression, _page(service, expression, "")["nextCursor"])
    need("nextCursor" not in second and len(second["Resources"]) == 2, "the last page offers another one")


@rfc.must("2", "Cursors consist of characters that need no encoding in an address.")
def cursors_are_safe(service: Service) -> None:
    _, expression = _people(service)
    need(re.fullmatch(r"[A-Za-z0-9\-._~]+", _page(service, expression, "")["nextCursor"]), "a cursor needs encoding")


@rfc.must("2", "Filter and order hold on every page.")
def cursors_with_order(service: Service) -> None:
    ids, expression = _people(service)
    got = _walk(service, expression, sortBy="title", sortOrder="descending")
    need(got == ids[::-1], "the order is another")


@rfc.must("2.1", "A cursor that is not the service's is refused with 400 invalidCursor.")
def invalid_cursor(service: Service) -> None:
    service.get("/Users", cursor="made-up", count=2).refusing(400, "invalidCursor")


@rfc.should("2.1", "A cursor is refused for another query than its own.")
def foreign_cursor(service: Service) -> None:
    _, expression = _people(service)
    cursor = _page(service, expression, "")["nextCursor"]
    service.get("/Users", cursor=cursor, count=2, filter="title pr").refusing(400, "invalidCursor")


@rfc.must("2.1", "A cursor that is too old is refused with 400 expiredCursor.")
def expired_cursor(service: Service) -> None:
    timeout = service.features()["pagination"]["cursorTimeout"]
    need(timeout > 0, "cursorTimeout is not announced")
    raise NotApplicable(f"cursors live {timeout} seconds, longer than this run; a unit test turns the clock")


@rfc.must("2.4", "A page holds no more than count.")
def count_holds(service: Service) -> None:
    _, expression = _people(service)
    need(len(_page(service, expression, "", count=3)["Resources"]) == 3, "the page has another size")
    maximum = service.features()["pagination"]["maxPageSize"]
    need(len(_page(service, expression, "", count=maximum * 5)["Resources"]) == 5, "a large count is not taken")


@rfc.must("2.4", "A count that can't be is refused with 400 invalidCount.")
def invalid_count(service: Service) -> None:
    for count in ("many", "1.5"):
        service.get("/Users", cursor="", count=count).refusing(400, "invalidCount")


@rfc.must("2.4", "A count of 0 gives the total and no resource, a negative one counts as 0.")
def count_of_nothing(service: Service) -> None:
    _, expression = _people(service, 3)
    for count in (0, -1):
        found = _page(service, expression, "", count=count)
        need(not found.get("Resources"), "there are resources")
        need(found.get("totalResults") == 3, "the total is not right")


@rfc.must("3", "Cursors work in .search as well.")
def search_with_cursor(service: Service) -> None:
    ids, expression = _people(service, 3)
    body = {"schemas": [SEARCH], "filter": expression, "cursor": "", "count": 2}
    first = service.post("/Users/.search", body).having(200).json()
    second = service.post("/Users/.search", {**body, "cursor": first["nextCursor"]}).having(200).json()
    seen = [one["id"] for one in [*first["Resources"], *second["Resources"]]]
    need(sorted(seen) == sorted(ids), "the pages together are not the whole")


@rfc.must("4", "The configuration says which ways of paging there are, and their limits.")
def announced(service: Service) -> None:
    paging = service.features()["pagination"]
    need(paging["cursor"] is True and paging["index"] is True, "the ways of paging are not announced")
    need(paging["defaultPaginationMethod"] in {"cursor", "index"}, "the default is not announced")
    need(0 < paging["defaultPageSize"] <= paging["maxPageSize"], "the page sizes are not announced")


@rfc.should("2", "A page says the number of all results, where it can be told.")
def total(service: Service) -> None:
    _, expression = _people(service)
    if "totalResults" not in _page(service, expression, ""):
        raise NotApplicable("left out, as the RFC allows: counting is what would grow with the directory")


@rfc.may("2", "A page offers a previousCursor.")
def previous_cursor(service: Service) -> None:
    _, expression = _people(service)
    page = _page(service, expression, _page(service, expression, "")["nextCursor"])
    if "previousCursor" not in page:
        raise NotApplicable("cursors lead forward only; no client asks for the way back")
