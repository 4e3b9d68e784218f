"""What is built is the whole portal: installed where there is no checkout, it is migrated and served by its command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path
from urllib.request import urlopen
from zipfile import ZipFile

import pytest

from tests.conformance.portal_process import of_a_portal
from tests.loops import each
from tests.processes import ROOT, held_port, run, started, wait_until_it_answers

pytestmark = pytest.mark.once

UV = Path(sys.executable).parent / "uv"
BUILD = [UV, "build", "--quiet", "--offline", "--wheel"]
OURS = ("identity", "scim", "portal")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built without the internet, by what the development tools bring."""
    folder = tmp_path_factory.mktemp("wheel")
    run([*BUILD, "--out-dir", folder], check=True)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of a new environment, which has no more of ours than the wheel; the libraries are this one's."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    run([UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel], check=True)
    [packages] = home.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return home / "bin"


def test_every_file_of_the_portal_is_in_it(wheel: Path) -> None:
    told = subprocess.run(["git", "ls-files", "-z", *OURS], cwd=ROOT, check=True, capture_output=True, timeout=30)
    files = [file for file in told.stdout.decode().split("\0") if file and (ROOT / file).exists()]
    packed = set(ZipFile(wheel).namelist())
    assert [file for file in each(files, at_least=500) if file not in packed] == []
    assert {name.partition("/")[0] for name in packed} == {*OURS, f"gatehouse-{VERSION}.dist-info"}


VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_the_changelog_tells_of_this_version() -> None:
    told = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert told[0] == VERSION


def test_installed_it_is_migrated_and_served_by_its_command(installed: Path, tmp_path: Path) -> None:
    gatehouse = installed / "gatehouse"
    with held_port() as port:
        environment = of_a_portal("", port) | {
            "HOME": str(tmp_path),
            "PATH": f"{installed}{os.pathsep}{os.environ['PATH']}",
            "GUNICORN_CMD_ARGS": f"--bind fd://{port.descriptor} --workers 1",
        }
        del environment["DATABASE_URL"]
        assert run([gatehouse, "--version"], environment=environment, cwd=tmp_path).stdout == f"Gatehouse {VERSION}\n"
        run([gatehouse, "migrate", "--verbosity", "0"], environment=environment, cwd=tmp_path, check=True)
        kept = tmp_path / ".local" / "share" / "gatehouse"
        assert (kept / "gatehouse.sqlite3").exists()
        with started([gatehouse, "serve"], environment=environment, cwd=tmp_path, port=port) as server:
            wait_until_it_answers(server, f"{port.origin}/readyz")
            page = read(f"{port.origin}/login/")
            [styles] = re.findall(r'href="(/static/portal/pages[^"]*\.css)"', page)
            assert "body" in read(f"{port.origin}{styles}")
        run([gatehouse, "worker", "--until-empty"], environment=environment, cwd=tmp_path, check=True)


def read(address: str) -> str:
    with urlopen(address, timeout=30) as answer:  # noqa: S310 - our own server on loopback
        return str(answer.read().decode())
