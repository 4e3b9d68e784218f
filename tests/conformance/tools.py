"""Checkers that others wrote, run against the portal; each result in one form."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import httpx2
import scim2_tester
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim_sanity.probe.runner import run_probe_api

from tests.conformance import deviations
from tests.conformance.portal_process import Portal


@dataclass(frozen=True, slots=True)
class Finding:
    """One check that did not succeed; `reason` says why it need not, or is empty."""

    name: str
    message: str
    reason: str = ""


@dataclass(slots=True)
class ToolRun:
    """What one checker found."""

    name: str
    checks: int = 0
    passed: int = 0
    findings: list[Finding] = field(default_factory=list)
    left_out: list[Finding] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"{self.name} {version(self.name)}"

    @property
    def on_purpose(self) -> int:
        return len(self.findings) - len(self.unexpected)

    @property
    def unexpected(self) -> list[Finding]:
        return [finding for finding in self.findings if not finding.reason]


def run_scim2_tester(portal: Portal) -> ToolRun:
    """Reads /Schemas and tries everything that they promise."""
    headers = {"Authorization": f"Bearer {portal.token()}"}
    with httpx2.Client(base_url=portal.base_url, headers=headers, timeout=30) as http:
        client = SyncSCIMClient(http)
        results = scim2_tester.check_server(client)
    run = ToolRun("scim2-tester", checks=len(results))
    for result in results:
        if result.status is scim2_tester.Status.SUCCESS:
            run.passed += 1
        elif result.status is scim2_tester.Status.SKIPPED:
            run.left_out.append(_scim2_finding(result))
        else:
            run.findings.append(_scim2_finding(result))
    return run


def _scim2_finding(result: scim2_tester.CheckResult) -> Finding:
    about = deviations.subject(result)
    name = " ".join(part for part in about if part)
    return Finding(name, str(result.reason or result.status.name), deviations.SCIM2_TESTER.get(about, ""))


def run_scim_sanity(portal: Portal) -> ToolRun:
    """The life of a user and a group, with the answers looked at strictly."""
    with contextlib.redirect_stdout(io.StringIO()):
        report = run_probe_api(portal.base_url, token=portal.token(), strict=True, timeout=30)
    results: list[dict[str, Any]] = report["results"]
    run = ToolRun("scim-sanity", checks=len(results))
    for result in results:
        match result["status"]:
            case "pass":
                run.passed += 1
            case "skip":
                run.left_out.append(Finding(result["name"], str(result.get("message", ""))))
            case _:
                reason = deviations.SCIM_SANITY.get(result["name"], "")
                run.findings.append(Finding(result["name"], str(result.get("message", "")), reason))
    return run
