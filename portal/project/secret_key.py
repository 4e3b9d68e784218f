"""The signing key of a portal without a configured one."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.core.management.utils import get_random_secret_key


def load_or_create_secret_key(path: Path) -> str:
    """Read the key stored at `path`; the first start creates it, readable by its owner only.

    Two processes may start at once: the file appears complete or not at all (a hard link never replaces an
    existing file), so both end up with the same key.
    """
    if not path.exists():
        _publish(path, get_random_secret_key())
    return path.read_text(encoding="ascii").strip()


def _publish(path: Path, key: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # NamedTemporaryFile creates with mode 0600, and the link keeps it.
    with NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as draft:
        draft.write(key + "\n")
        draft.flush()
        os.fsync(draft.fileno())
        try:
            os.link(draft.name, path)
        except FileExistsError:
            return
