"""`python -m tests.conformance`: start a portal, check it, write docs/conformance.md. 1 if it is not as expected."""

from __future__ import annotations

import sys

import httpx2

from tests.conformance.portal_process import Portal, running_portal
from tests.conformance.report import reason_for, render
from tests.conformance.requirements import Result, all_requirements, judge
from tests.conformance.service import Answer, Service
from tests.conformance.tools import run_scim2_tester, run_scim_sanity
from tests.processes import ROOT

PAGE = ROOT / "docs" / "conformance.md"


def main() -> int:
    with running_portal() as portal:
        results = check_requirements(portal)
        runs = [run_scim2_tester(portal), run_scim_sanity(portal)]
    PAGE.write_text(render(results, runs, portal.database), encoding="utf-8")
    failures = [f"{one.requirement.key} ({one.reason})" for one in results if _is_failure(one)]
    failures += [f"{run.name}: {one.name} ({one.message})" for run in runs for one in run.unexpected]
    met = sum(one.outcome == "met" for one in results)
    print(f"{met} of {len(results)} requirements met; {PAGE.relative_to(ROOT)} says the rest.")
    print(*(f"  {failure}" for failure in failures), sep="\n", file=sys.stderr)
    return 1 if failures else 0


def check_requirements(portal: Portal) -> list[Result]:
    with httpx2.Client(timeout=60) as http:
        service = Service(lambda *request: _send(http, portal.base_url, *request), portal.token())
        return [judge(requirement, service) for requirement in all_requirements()]


def _send(
    http: httpx2.Client, base_url: str, method: str, path: str, content: bytes | None, headers: dict[str, str]
) -> Answer:
    answer = http.request(method, f"{base_url}{path}", content=content, headers=headers)
    return Answer(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.content)


def _is_failure(result: Result) -> bool:
    return result.outcome == "not met" and not reason_for(result)


if __name__ == "__main__":
    sys.exit(main())
