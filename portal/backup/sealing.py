"""Encryption of a backup with a passphrase: scrypt, then AES-256-GCM in chunks (the STREAM construction).

Each chunk's nonce counts it and says whether it is the last, so that none can be moved, left out or cut off.
"""

from __future__ import annotations

import io
import os
import struct
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from identity.core.errors import Refused

MAGIC = b"gatehouse-backup-sealed/1\n"
SALT, PREFIX = 16, 7
CHUNK = 1024 * 1024
TAG = 16
_COST = {"length": 32, "n": 2**17, "r": 8, "p": 1}  # 128 MB and a third of a second for each guess


class Nonces:
    """The nonce of each chunk in turn."""

    def __init__(self, prefix: bytes) -> None:
        self.prefix, self.count = prefix, 0

    def next(self, *, is_last: bool) -> bytes:
        self.count += 1
        return self.prefix + struct.pack(">IB", self.count, is_last)


class SealedWriter(io.RawIOBase):
    """Encrypts what is written to it; `close` writes the last chunk and leaves `target` open."""

    def __init__(self, target: IO[bytes], passphrase: str) -> None:
        salt, prefix = os.urandom(SALT), os.urandom(PREFIX)
        target.write(MAGIC + salt + prefix)
        self._target, self._waiting = target, bytearray()
        self._cipher, self._nonces = _cipher(passphrase, salt), Nonces(prefix)

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # only bytes come here
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._seal(CHUNK, is_last=False)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._seal(len(self._waiting), is_last=True)
        super().close()

    def _seal(self, size: int, *, is_last: bool) -> None:
        chunk = bytes(self._waiting[:size])
        del self._waiting[:size]
        self._target.write(self._cipher.encrypt(self._nonces.next(is_last=is_last), chunk, MAGIC))


class SealedReader(io.RawIOBase):
    """Decrypts `source`, after MAGIC; raises Refused for another passphrase or a changed file."""

    def __init__(self, source: IO[bytes], passphrase: str) -> None:
        salt, prefix = source.read(SALT), source.read(PREFIX)
        self._source, self._ready, self._next = source, b"", source.read(CHUNK + TAG)
        self._cipher, self._nonces = _cipher(passphrase, salt), Nonces(prefix)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as BufferedReader calls it
        if not self._ready and self._next:
            self._ready = self._open()
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size

    def _open(self) -> bytes:
        sealed, self._next = self._next, self._source.read(CHUNK + TAG)
        try:
            return self._cipher.decrypt(self._nonces.next(is_last=not self._next), sealed, MAGIC)
        except InvalidTag as error:
            sentence = "The backup can't be decrypted: the passphrase is another one, or the file is damaged."
            raise Refused(sentence, code="backup_unreadable") from error


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, **_COST).derive(passphrase.encode()))
