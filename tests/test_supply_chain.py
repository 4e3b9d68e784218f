"""SR-44: what is locked is past the advisories that are known, and the bill of materials names all of it."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.loops import each
from tests.sources import ROOT, modules, name
from tests.supply_chain.audit import Advisory, advisories, weak
from tests.supply_chain.locks import DEVELOPMENT, RUNTIME, TRACES, packages
from tests.supply_chain.sbom import bill_of_materials

pytestmark = pytest.mark.once


@pytest.mark.parametrize("lock", [RUNTIME, TRACES, DEVELOPMENT], ids=lambda lock: lock.name)
def test_no_lock_falls_below_an_advisory(lock: Path) -> None:
    assert list(weak(lock, advisories()[1])) == []


def test_an_advisory_that_is_not_met_is_named() -> None:
    [django] = [package for package in packages(RUNTIME) if package.name == "django"]
    above = f"{Version(django.version).major}.{Version(django.version).minor}.999"
    found = list(
        weak(RUNTIME, [Advisory("django", "CVE-0", above, "https://example.com"), Advisory("x", "y", "1", "z")])
    )
    assert found == [f"requirements.lock: django {django.version} has CVE-0; mended in {above}"]


def test_each_advisory_says_where_it_was_read_and_is_about_something_that_is_locked() -> None:
    names = {package.name for package in packages(DEVELOPMENT)}
    known = advisories()[1]
    assert known
    for advisory in known:
        assert advisory.source.startswith("https://")
        assert advisory.package in names
        Version(advisory.fixed)


def test_the_locks_are_read_whole() -> None:
    for lock in (RUNTIME, TRACES, DEVELOPMENT):
        pins = [
            line
            for line in lock.read_text(encoding="utf-8").splitlines()
            if "==" in line.split("#")[0] and not line.startswith(" ")
        ]
        found = packages(lock)
        assert len(found) == len(pins)
        assert all(package.digests for package in found)
        assert lock == TRACES or all(package.needed_by for package in found)


def test_what_is_in_several_locks_is_pinned_alike_and_traces_need_no_more_than_theirs() -> None:
    """They are installed one after another into one environment, without anything being resolved."""
    run, traced, all_of_it = (
        {package.name: package.version for package in packages(lock)} for lock in (RUNTIME, TRACES, DEVELOPMENT)
    )
    assert {name: all_of_it.get(name) for name in run | traced} == run | traced
    assert {name: run[name] for name in traced if name in run} == {name: traced[name] for name in traced if name in run}
    for package in each(traced, at_least=10):
        needed = [Requirement(line) for line in metadata.requires(package) or []]
        asked = {canonicalize_name(one.name) for one in needed if not one.marker or one.marker.evaluate({"extra": ""})}
        assert asked <= run.keys() | traced.keys(), package


def test_the_bill_of_materials_names_what_runs_and_who_needs_it() -> None:
    document = bill_of_materials()
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    by_name = {component["name"]: component for component in document["components"]}
    assert set(by_name) == {package.name for package in packages(RUNTIME)}
    django = by_name["django"]
    assert (django["version"], django["purl"]) == (metadata.version("django"), f"pkg:pypi/django@{django['version']}")
    assert django["licenses"]
    assert django["externalReferences"][0]["hashes"]
    refs = {component["bom-ref"] for component in [*document["components"], document["metadata"]["component"]]}
    graph = {entry["ref"]: entry["dependsOn"] for entry in document["dependencies"]}
    assert set(graph) == refs
    assert {ref for needed in graph.values() for ref in needed} <= refs
    assert django["bom-ref"] in graph[document["metadata"]["component"]["bom-ref"]]
    assert bill_of_materials() == document


# --- what is imported is declared ---

OURS = {"identity", "scim", "portal"}


def declared() -> set[str]:
    """The packages that pyproject.toml asks for itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["traces"]]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def imported(source: str) -> Iterator[str]:
    """The top-level modules that are neither Python's nor ours."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                found = [alias.name for alias in node.names]
            case ast.ImportFrom(module=str(module), level=0):
                found = [module]
            case _:
                continue
        yield from {one.partition(".")[0] for one in found} - sys.stdlib_module_names - OURS


def test_what_the_code_imports_is_declared() -> None:
    """What only another package brings along may go with its next release."""
    files = {name(file): file.read_text(encoding="utf-8") for file in modules(*OURS)}
    by_module = {module: file for file, source in each(files.items(), at_least=300) for module in imported(source)}
    assert {"django", "requests", "jwt"} <= set(by_module)
    packages = metadata.packages_distributions()
    missing = {
        module: file
        for module, file in by_module.items()
        if not declared().intersection(map(canonicalize_name, packages.get(module, [])))
    }
    assert missing == {}
