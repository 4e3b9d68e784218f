"""Get the browser tests their browser, where that needs no question."""

import os
import shutil
import subprocess
import sys

from tests.browser.chromium import find_chromium


def main() -> None:
    """Install Debian's Chromium when there is none and we may, else say what follows."""
    if find_chromium() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install()
    if find_chromium() is None:
        sys.stderr.write("No Chromium found: the browser tests will be skipped (with CI=true they fail).\n")


def _install() -> None:
    sys.stderr.write("Installing Chromium for the browser tests …\n")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=False, env=quiet, stdin=subprocess.DEVNULL)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"],
        check=False,
        env=quiet,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    main()
