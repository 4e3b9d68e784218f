"""The keys in a backup: without them, the secrets in its database can't be read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from portal.project.environment import is_set

FILE = "secret_key"
OF_BACKUP = "keys_of_backup.env"


@dataclass(frozen=True, slots=True)
class Keys:
    """SECRET_KEY, and the earlier ones."""

    current: str
    earlier: list[str]

    @classmethod
    def of_this_host(cls) -> Keys:
        return cls(settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS)

    @classmethod
    def read(cls, file: Path) -> Keys:
        return cls(**json.loads(file.read_text(encoding="utf-8")))

    def write(self, file: Path) -> None:
        file.write_text(json.dumps({"current": self.current, "earlier": self.earlier}), encoding="utf-8")

    @property
    def fingerprint(self) -> str:
        """Tells keys apart, and nothing of what they are."""
        return hashlib.blake2b(self.current.encode(), digest_size=8, person=b"gatehouse.backup").hexdigest()


@contextmanager
def put_in_place_after(keys: Keys | None) -> Iterator[None]:
    """The key is on the disk, complete, before the block, and in its place after it; nowhere if the block fails."""
    if keys is None:
        yield
        return
    prepared = _private(settings.DATA_DIR / f"{FILE}.restoring", f"{keys.current}\n")
    try:
        yield
        os.replace(prepared, settings.DATA_DIR / FILE)
    finally:
        prepared.unlink(missing_ok=True)


def is_given() -> bool:
    """Whether the environment says the key, so that a file would not count."""
    return is_set("SECRET_KEY")


def hand_over(keys: Keys) -> Path:
    """A file from which an operator takes what belongs into this host's environment."""
    text = f"SECRET_KEY={keys.current}\nSECRET_KEY_FALLBACKS={','.join(keys.earlier)}\n"
    return _private(settings.DATA_DIR / OF_BACKUP, text)


def _private(path: Path, text: str) -> Path:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return path
