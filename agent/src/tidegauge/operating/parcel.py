"""The file that carries frames by hand: an uncompressed tar of spool segments and a manifest with their digests.

    NAME.tgspool = tar (POSIX, regular files only)
      <epoch>/NNNNNNNN.seg      a segment as in a spool (spool/record.py): header, records and holes with their own numbers
      manifest.json             {"format": "tidegauge-parcel", "version": 1, "parcel": UUID, "created_at": …, "host": …,
                                 "agent_version": …, "collector": …,
                                 "epochs": [{"epoch", "first_seq", "last_seq", "acknowledged_seq", "is_closed", "frames",
                                             "files": [{"name", "size_bytes", "blake2b"}]}]}
      manifest.blake2b          hexadecimal BLAKE2b-256 of manifest.json

Digests are BLAKE2b-256. `acknowledged_seq` is what a collector had before; numbers between it and `first_seq` went in an
earlier parcel. A reader refuses another format, a version above its own, a digest that does not fit, a file that is not named.
"""

import hashlib
import io
import json
import re
import tarfile
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from tidegauge.errors import SpoolError, SpoolVersionError
from tidegauge.spool.record import (
    FORMAT_VERSION,
    HEADER_SIZE,
    Hole,
    Record,
    Tail,
    decode_header,
    hole_of,
    records_of,
    scan,
)
from tidegauge.spool.segment import MAX_SEGMENT_BYTES

FORMAT, VERSION = "tidegauge-parcel", 1
MANIFEST_NAME, DIGEST_NAME = "manifest.json", "manifest.blake2b"
MAX_MANIFEST_BYTES = 64 * 1024 * 1024
_SEGMENT_NAME = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/\d{8}\.seg")


@dataclass(frozen=True, slots=True)
class ParcelFile:
    """A segment in a parcel."""

    name: str
    size_bytes: int
    blake2b: str


@dataclass(frozen=True, slots=True)
class ParcelEpoch:
    """What a parcel holds of one epoch: all numbers from `first_seq` to `last_seq`, as frames or as holes."""

    epoch: str
    first_seq: int
    last_seq: int
    acknowledged_seq: int
    is_closed: bool
    frames: int
    files: tuple[ParcelFile, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a parcel says of itself."""

    parcel: str
    created_at: str
    host: str
    agent_version: str
    collector: str | None
    epochs: tuple[ParcelEpoch, ...]
    format: str = FORMAT
    version: int = VERSION

    @property
    def frames(self) -> int:
        """Frames in it."""
        return sum(epoch.frames for epoch in self.epochs)


class ParcelWriter:
    """Writes a parcel into an open file: segments first, then `finish`."""

    def __init__(self, file: IO[bytes]) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed by finish

    def add(self, name: str, content: bytes) -> ParcelFile:
        """Put a segment in."""
        self._put(name, content)
        return ParcelFile(name, len(content), _digest(content))

    def finish(self, manifest: Manifest) -> None:
        """Put the manifest in and end the file."""
        content = json.dumps(asdict(manifest), indent=1).encode()
        self._put(MANIFEST_NAME, content)
        self._put(DIGEST_NAME, _digest(content).encode())
        self._tar.close()

    def _put(self, name: str, content: bytes) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), 0o600
        self._tar.addfile(entry, io.BytesIO(content))


class ParcelReader:
    """Reads a parcel. The first look checks everything; raises SpoolError that says what is damaged, SpoolVersionError for a newer one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with tarfile.open(path, mode="r:") as tar:
                members = {member.name: member for member in tar}
                if len(members) != len(tar.getmembers()) or not all(member.isreg() for member in members.values()):
                    raise self._damaged("it holds what no parcel holds")
                self.manifest = self._manifest(tar, members)
                for file in self._named_files():
                    self._checked(tar, members, file)
        except (tarfile.TarError, EOFError) as error:
            raise self._damaged(str(error) or type(error).__name__) from error
        unnamed = members.keys() - {file.name for file in self._named_files()} - {MANIFEST_NAME, DIGEST_NAME}
        if unnamed:
            raise self._damaged(f"{min(unnamed)!r} is not in its manifest")
        for epoch in self.manifest.epochs:
            self._check_numbers(epoch)

    def items(self, epoch: ParcelEpoch) -> Iterator[Record | Hole]:
        """The frames and holes of an epoch, in order."""
        with tarfile.open(self._path, mode="r:") as tar:
            members = {member.name: member for member in tar}
            for file in epoch.files:
                yield from self._records(epoch, file.name, self._checked(tar, members, file))

    def _records(self, epoch: ParcelEpoch, name: str, content: bytes) -> list[Record | Hole]:
        header = decode_header(content)
        if header is None or header.epoch != uuid.UUID(epoch.epoch):
            raise self._damaged(f"{name} is no segment of epoch {epoch.epoch}")
        if header.version > FORMAT_VERSION:
            raise SpoolVersionError(
                f"parcel {self._path}: spool format {header.version} is newer: upgrade this Tidegauge"
            )
        found = scan(content, HEADER_SIZE, after_seq=header.first_seq - 1)
        if found.damaged or found.tail is not Tail.END:
            raise self._damaged(f"{name} holds what is no record")
        return [hole_of(record) or record for record in records_of(content, found.spans)]

    def _manifest(self, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> Manifest:
        content = self._content(tar, members, MANIFEST_NAME, MAX_MANIFEST_BYTES)
        if _digest(content) != self._content(tar, members, DIGEST_NAME, 256).decode("ascii", "replace").strip():
            raise self._damaged("the digest of its manifest does not fit")
        try:
            stored = json.loads(content)
            if stored["format"] == FORMAT and int(stored["version"]) > VERSION:
                raise SpoolVersionError(
                    f"parcel {self._path}: of version {stored['version']}, this Tidegauge reads {VERSION}: upgrade it"
                )
            return _manifest_of(stored)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._damaged(f"its manifest cannot be used ({error})") from error

    def _named_files(self) -> list[ParcelFile]:
        return [file for epoch in self.manifest.epochs for file in epoch.files]

    def _checked(self, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], file: ParcelFile) -> bytes:
        if not _SEGMENT_NAME.fullmatch(file.name):
            raise self._damaged(f"{file.name!r} is no name of a segment")
        content = self._content(tar, members, file.name, MAX_SEGMENT_BYTES)
        if len(content) != file.size_bytes or _digest(content) != file.blake2b:
            raise self._damaged(f"the digest of {file.name} does not fit")
        return content

    def _content(self, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], name: str, limit: int) -> bytes:
        member = members.get(name)
        source = tar.extractfile(member) if member and member.size <= limit else None
        if source is None or member is None:
            raise self._damaged(f"{name} is missing or too long")
        content = source.read()
        if len(content) != member.size:
            raise self._damaged(f"{name} is cut off")
        return content

    def _check_numbers(self, epoch: ParcelEpoch) -> None:
        expected = epoch.first_seq
        for item in self.items(epoch):
            first, last = (item.first_seq, item.last_seq) if isinstance(item, Hole) else (item.seq, item.seq)
            if first != expected:
                raise self._damaged(f"epoch {epoch.epoch} goes on with {first} where {expected} was expected")
            expected = last + 1
        if expected != epoch.last_seq + 1:
            raise self._damaged(f"epoch {epoch.epoch} ends at {expected - 1} instead of {epoch.last_seq}")

    def _damaged(self, what: str) -> SpoolError:
        return SpoolError(f"parcel {self._path}: {what}: nothing was imported; copy it again from where it was made")


def _manifest_of(stored: dict[str, Any]) -> Manifest:
    if stored["format"] != FORMAT:
        raise ValueError(f"format {stored['format']!r}")
    epochs = tuple(
        ParcelEpoch(
            str(uuid.UUID(one["epoch"])),
            int(one["first_seq"]),
            int(one["last_seq"]),
            int(one["acknowledged_seq"]),
            bool(one["is_closed"]),
            int(one["frames"]),
            tuple(ParcelFile(str(f["name"]), int(f["size_bytes"]), str(f["blake2b"])) for f in one["files"]),
        )
        for one in stored["epochs"]
    )
    if not all(0 <= one.acknowledged_seq < one.first_seq <= one.last_seq for one in epochs):
        raise ValueError("numbers of an epoch")
    parcel, created_at, host, agent_version = (
        str(stored[name]) for name in ("parcel", "created_at", "host", "agent_version")
    )
    return Manifest(parcel, created_at, host, agent_version, stored.get("collector"), epochs)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=32).hexdigest()
