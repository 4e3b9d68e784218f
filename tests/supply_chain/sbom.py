"""`make sbom`: a software bill of materials of what runs, as CycloneDX 1.6 (JSON).

From requirements.lock and the installed packages' own metadata; nothing is asked over the network. The same lock gives
the same document: it has no time and no serial number. https://cyclonedx.org/docs/1.6/json/
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

from tests.supply_chain.locks import ROOT, RUNTIME, Package, packages

_SPDX = re.compile(r"^[A-Za-z0-9.+-]+$")


def bill_of_materials() -> dict[str, Any]:
    portal, locked = _portal(), packages(RUNTIME)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": portal},
        "components": [_component(package) for package in locked],
        "dependencies": _dependencies(portal, locked),
    }


def _portal() -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, version = project["name"], project["version"]
    return {
        "type": "application",
        "bom-ref": f"{name}@{version}",
        "name": name,
        "version": version,
        "description": project["description"],
        "licenses": [{"license": {"id": project["license"]}}],
    }


def _component(package: Package) -> dict[str, Any]:
    page = f"https://pypi.org/project/{package.name}/{package.version}/"
    hashes = [{"alg": "SHA-256", "content": digest} for digest in package.digests]
    return {
        "type": "library",
        "bom-ref": package.purl,
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        **_licenses(package.name),
        "externalReferences": [{"type": "distribution", "url": page, "hashes": hashes}],
    }


def _licenses(name: str) -> dict[str, Any]:
    """As the package says it of itself; a package for another system is not installed here, and says nothing."""
    try:
        said = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return {}
    if expression := said.get("License-Expression"):
        return {"licenses": [{"expression": expression}]}
    classifiers = [
        text.rpartition(":: ")[2] for text in said.get_all("Classifier", []) if text.startswith("License ::")
    ]
    names = classifiers or [text for text in [said.get("License", "")] if text and len(text) < 80]
    return {"licenses": [{"license": {"name": text}} for text in names]} if names else {}


def _dependencies(portal: dict[str, Any], locked: list[Package]) -> list[dict[str, Any]]:
    """Who needs what, from the lock's own comments."""
    needs: dict[str, list[str]] = {portal["name"]: []} | {package.name: [] for package in locked}
    for package in locked:
        for name in package.needed_by:
            needs.setdefault(name, []).append(package.purl)
    refs = {portal["name"]: portal["bom-ref"]} | {package.name: package.purl for package in locked}
    return [{"ref": refs[name], "dependsOn": sorted(found)} for name, found in needs.items() if name in refs]


def main(target: Path) -> None:
    document = bill_of_materials()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(f"{json.dumps(document, indent=2)}\n", encoding="utf-8")
    sys.stdout.write(f"{target}: {len(document['components'])} components\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
