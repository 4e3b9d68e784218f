"""What the portal keeps in its own folder: the signing key, if none is configured, and static files."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.core.management.utils import get_random_secret_key

from portal.project.environment import WrongEnvironment


def secret_key_in(folder: Path) -> str:
    """The key kept there; raises WrongEnvironment if there can be none."""
    path = folder / "secret_key"
    try:
        key = load_or_create_secret_key(path)
    except (OSError, UnicodeDecodeError) as error:
        raise WrongEnvironment(f"SECRET_KEY is not set, and {path} can't be read or made: {error}.") from error
    if not key:
        raise WrongEnvironment(f"SECRET_KEY is not set, and {path} is empty: put the key back from a backup.")
    return key


def own_folder(folder: Path, name: str) -> Path:
    """A folder in the portal's own."""
    path = folder / name
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongEnvironment(f"DATA_DIR is {str(folder)!r}, expected a directory for {name}: {error}.") from error
    return path


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
