"""Get the programs that tests drive (a browser, curl and jq) where that needs no question: as root on Debian."""

import os
import shutil
import subprocess
import sys

from tests.browser.chromium import find_chromium


def main() -> None:
    """Install what is missing if we may, else say what follows."""
    if missing() and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(missing())
    for name in missing():
        sys.stderr.write(f"{name} was not found: the tests that need it will be skipped (with CI=true they fail).\n")


def missing() -> list[str]:
    """Which of them are not here."""
    found = {"chromium": find_chromium(), "curl": shutil.which("curl"), "jq": shutil.which("jq")}
    return [name for name, path in found.items() if path is None]


def _install(names: list[str]) -> None:
    sys.stderr.write(f"Installing {' and '.join(names)} for the tests …\n")
    packages = [*names, *(["fonts-dejavu-core"] if "chromium" in names else [])]
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=False, env=quiet, stdin=subprocess.DEVNULL)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
        check=False,
        env=quiet,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    main()
