"""The code of an earlier release, out of git, or of the file that is kept of the last one (a clone may be shallow).

`python -m tests.upgrades.old_release` keeps the one that `released.py` names.
"""

from __future__ import annotations

import io
import lzma
import subprocess
import sys
import tarfile
from pathlib import Path

from tests.processes import ROOT
from tests.upgrades.released import COMMIT

KEPT = Path(__file__).parent / "released.tar.xz"
PARTS = ("identity", "scim", "portal", "templates", "manage.py")


def unpack(commit: str, folder: Path) -> Path:
    """The folder with the code as it was."""
    packed = lzma.decompress(KEPT.read_bytes()) if commit == COMMIT else archive(commit)
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        tar.extractall(folder, filter="data")
    return folder


def commit_of_kept() -> str:
    """git writes it into what it packs."""
    with tarfile.open(KEPT) as tar:
        return tar.pax_headers["comment"]


def archive(commit: str) -> bytes:
    parts = _git("ls-tree", "--name-only", commit, *PARTS).decode().split()  # templates lie in portal since
    return _git("archive", commit, *parts)


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, timeout=60).stdout


if __name__ == "__main__":
    sys.exit(KEPT.write_bytes(lzma.compress(archive(COMMIT), preset=9 | lzma.PRESET_EXTREME)) == 0)
