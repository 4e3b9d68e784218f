"""The file of a backup: a tar of the database, the keys and a manifest with their checksums; encrypted on request."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, cast

from identity.core.errors import Refused
from portal.backup.sealing import MAGIC, SealedReader, SealedWriter

FORMAT = "gatehouse-backup/1"
MANIFEST, DATABASE, KEYS = "manifest.json", "database", "keys.json"
WORKSHOP = ".gatehouse-backup-"
Manifest = dict[str, Any]


@contextmanager
def workshop(directory: Path) -> Iterator[Path]:
    """A folder in it for the parts of a backup, which only its owner can read; what a killed one left there goes."""
    for left in directory.glob(f"{WORKSHOP}*"):
        with suppress(OSError), _held(left):
            shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(prefix=WORKSHOP, dir=directory) as folder, _held(Path(folder)):
        yield Path(folder)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Held until the block or the process ends, however that happens; raises OSError if another process holds it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def compress(part: Path) -> None:
    packed = part.with_name(f"{part.name}.gz")
    with part.open("rb") as source, gzip.open(packed, "wb", compresslevel=4) as target:
        shutil.copyfileobj(source, target, 1024 * 1024)
    packed.replace(part)


def decompress(part: Path, to: Path) -> None:
    with gzip.open(part, "rb") as source, to.open("xb") as target:
        shutil.copyfileobj(source, target, 1024 * 1024)


def write(file: Path, parts: list[Path], facts: Manifest, passphrase: str) -> Manifest:
    """The whole file or none of it: it appears when all of it is on the disk. Gives the manifest."""
    told = {part.name: {"bytes": part.stat().st_size, "sha256": digest(part)} for part in parts}
    manifest = {"format": FORMAT, **facts, "files": told}
    draft = parts[0].with_name("draft")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        with _sealed(raw, passphrase) as target, tarfile.open(fileobj=target, mode="w|") as tar:
            _add(tar, MANIFEST, json.dumps(manifest, indent=1).encode())
            for part in parts:
                tar.add(part, part.name, filter=_anonymous)
        raw.flush()
        os.fsync(raw.fileno())
    try:
        os.link(draft, file)
    except FileExistsError as error:
        raise Refused(f"{file} exists, and a backup replaces no file.", code="backup_exists") from error
    return manifest


@contextmanager
def _sealed(raw: IO[bytes], passphrase: str) -> Iterator[IO[bytes]]:
    if not passphrase:
        yield raw
        return
    with SealedWriter(raw, passphrase) as target:
        yield cast("IO[bytes]", target)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    tar.addfile(info, io.BytesIO(content))


def _anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o600
    return info


def read(file: Path, folder: Path, passphrase: str) -> Manifest:
    """Unpack into the folder and check every part against the manifest; raises Refused."""
    try:
        with file.open("rb") as raw, tarfile.open(fileobj=_opened(raw, passphrase), mode="r|") as tar:
            manifest = _unpacked(tar, folder)
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
        raise _damaged(file, "it is no backup, or a part of one") from error
    except OSError as error:
        raise Refused(f"{file} can't be read: {error.strerror or error}.", code="backup_unreadable") from error
    for name, told in manifest["files"].items():
        part = folder / name
        if not part.is_file() or part.stat().st_size != told["bytes"] or digest(part) != told["sha256"]:
            raise _damaged(file, f"its {name} is not what was saved")
    return manifest


def _opened(raw: IO[bytes], passphrase: str) -> IO[bytes]:
    is_sealed = raw.read(len(MAGIC)) == MAGIC
    if is_sealed and not passphrase:
        raise Refused("The backup is encrypted: give its passphrase.", code="passphrase_needed")
    if is_sealed:
        return io.BufferedReader(SealedReader(raw, passphrase))
    raw.seek(0)
    return raw


def _unpacked(tar: tarfile.TarFile, folder: Path) -> Manifest:
    """The manifest comes first, and only what it names is written, under names of ours."""
    first = tar.next()
    if first is None or first.name != MANIFEST:
        raise ValueError(MANIFEST)
    manifest: Manifest = json.load(cast("IO[bytes]", tar.extractfile(first)))
    if manifest["format"] != FORMAT or not set(manifest["files"]) <= {DATABASE, KEYS}:
        raise Refused("The backup has another format: a newer release made it.", code="backup_of_newer_release")
    for info in tar:
        if info.name in manifest["files"] and info.isfile():
            with (folder / info.name).open("xb") as target:
                shutil.copyfileobj(cast("IO[bytes]", tar.extractfile(info)), target, 1024 * 1024)
    return manifest


def _damaged(file: Path, what: str) -> Refused:
    return Refused(f"{file} can't be restored: {what}. Nothing was changed.", code="backup_unreadable")


def digest(part: Path) -> str:
    with part.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
