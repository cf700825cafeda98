"""The file that a backup is, or a tenant's archive: a tar, its description first, checksums last.

Such a file comes from outside: nothing in it makes a reader hold more than a name or a line, follow
a link, or believe in bytes that are not there.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkstemp
from typing import IO, Final
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, Field, ValidationError

from core.errors import Conflict, Rejected
from core.keys import checked_key, tenant_prefix

FORMAT = 1
# At most so much is read at once: a header of a tar that says it is longer is no header of ours.
CHUNK: Final = 32 << 10
_DESCRIPTION: Final = "backup.json"
_CHECKSUMS: Final = "checksums.json"
_TEXT_BYTES: Final = 16 << 20
_PLAIN: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)


class SavedTenant(BaseModel):
    """A tenant that has a schema in its cell."""

    id: UUID
    cell: str
    schema_version: str


class SavedCell(BaseModel):
    """A cell by name, and whether each of its queues was open or paused."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    queues: dict[str, str]


class SavedKey(BaseModel):
    """A data key, wrapped: by it a restore finds out whether it has the master key.

    `tenant` is None for the key of people's secrets.
    """

    tenant: UUID | None
    version: int
    master: str
    wrapped: Base64Bytes


class Description(BaseModel):
    """What a backup holds, and which revisions can take it in."""

    format: int
    created_at: str
    directory: str
    cell: str
    cells: list[SavedCell]
    tenants: list[SavedTenant]
    keys: list[SavedKey] = []
    """One of those that each master key has wrapped in each database."""


class _Hashing(io.RawIOBase):
    """Hashes what is read through it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """As the source, with a word to the digest."""
        found = self._source.read(size)
        self.sha256.update(found)
        return found


class Writer:
    """Adds members to a backup; state: the tar and the checksums so far."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        """Made by `writing`."""
        self._tar = tar
        self.checksums: dict[str, str] = {}

    def add(self, name: str, source: IO[bytes], size: int) -> None:
        """One member of `size` bytes."""
        member = tarfile.TarInfo(name)
        member.size = size
        member.mode = 0o600
        hashing = _Hashing(source)
        self._tar.addfile(member, hashing)
        self.checksums[name] = hashing.sha256.hexdigest()

    def add_json(self, name: str, text: str) -> None:
        """One member of text."""
        content = text.encode()
        self.add(name, io.BytesIO(content), len(content))


@contextmanager
def writing(file: Path, description: BaseModel, *, name: str = _DESCRIPTION) -> Iterator[Writer]:
    """An archive that appears at `file`, readable by its owner only, once it is whole.

    Its description stands under `name`. Raises Conflict where there is a file of that name by then.
    """
    # A name that nobody can foresee: in a folder of others, it is not there before us.
    handle, path = mkstemp(dir=file.absolute().parent, prefix=".", suffix=".partial")
    partial = Path(path)
    try:
        with os.fdopen(handle, "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
                writer = Writer(tar)
                writer.add_json(name, description.model_dump_json(indent=2))
                yield writer
                writer.add_json(_CHECKSUMS, json.dumps(writer.checksums))
            stream.flush()
            os.fsync(stream.fileno())
        _publish(partial, file)
    finally:
        partial.unlink(missing_ok=True)


def _publish(partial: Path, file: Path) -> None:
    """Gives a whole backup its name, which may be nobody's yet."""
    try:
        try:
            os.link(partial, file)
        except FileExistsError:
            raise
        except OSError:  # a disk without links, such as a memory stick: take the name, then fill it
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            partial.rename(file)
    except FileExistsError:
        raise Conflict(f"{file} exists already") from None


@dataclass(slots=True)
class Contents:
    """What an unharmed archive holds: each member's size and digest, and some of them as text."""

    sizes: dict[str, int] = field(default_factory=dict)
    checksums: dict[str, str] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)


def inspect(file: Path, noun: str, *, texts: Collection[str]) -> Contents:
    """Reads an archive from end to end; raises Rejected unless it is whole and unharmed.

    `noun` is what it should be, and `texts` are the members to be kept; each is bounded.
    """
    found = Contents()
    try:
        with _opened(file) as tar:
            for member, source in _members(tar):
                _inspect(found, member, source, texts)
        said = json.loads(found.texts[_CHECKSUMS])
        if {name: one for name, one in found.checksums.items() if name != _CHECKSUMS} != said:
            raise Rejected(f"{file} is damaged: its checksums do not fit")
    except OSError as error:
        raise Rejected(f"{file} cannot be read: {error.strerror or error}") from error
    except (tarfile.TarError, KeyError, ValueError, EOFError, RecursionError) as error:
        raise Rejected(f"{file} is no {noun}, or not all of one") from error
    return found


def _inspect(
    found: Contents, member: tarfile.TarInfo, source: IO[bytes], texts: Collection[str]
) -> None:
    name = member.name
    if name in found.checksums:
        raise Rejected(f"the archive holds {name} twice")
    if _CHECKSUMS in found.checksums:
        raise Rejected(f"the archive holds {name} behind its checksums")
    keep = name == _CHECKSUMS or name in texts
    most = _TEXT_BYTES
    if name == _CHECKSUMS:  # as long as what it tells of may make it
        most = sum(6 * len(one) + 100 for one in found.checksums) + 1000
    if keep and member.size > most:
        raise Rejected(f"the archive's {name} is too long")
    digest, kept = hashlib.sha256(), []
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        if keep:
            kept.append(chunk)
    found.checksums[name], found.sizes[name] = digest.hexdigest(), member.size
    if keep:
        found.texts[name] = b"".join(kept)


def check(file: Path) -> Description:
    """Reads a backup from end to end; raises Rejected unless it is whole, unharmed and ours."""
    found = inspect(file, "backup", texts=[_DESCRIPTION])
    try:
        description = Description.model_validate_json(found.texts[_DESCRIPTION])
        _require_names(found.checksums, description)
    except (KeyError, ValidationError) as error:
        raise Rejected(f"{file} is no backup, or not all of one") from error
    if description.format != FORMAT:
        raise Rejected(f"{file} has the format {description.format}; this release reads {FORMAT}")
    return description


def _require_names(found: Iterable[str], description: Description) -> None:
    """Every member is one that a backup has: a restore follows no path out of its folders."""
    parts = [f"{part}-{cell.name}" for cell in description.cells for part in ("tenants", "shared")]
    expected = {_DESCRIPTION, _CHECKSUMS, *(f"databases/{part}.dump" for part in parts)}
    homes = {f"storage/{tenant_prefix(tenant.id)}/" for tenant in description.tenants}
    if missing := expected - set(found):
        raise Rejected(f"the backup lacks {sorted(missing)}")
    for name in set(found) - expected:
        home = "/".join(name.split("/", 3)[:3]) + "/"
        if home not in homes:
            raise Rejected(f"the backup holds the strange name {name!r}")
        checked_key(name.removeprefix("storage/"))


def reading(file: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The members of an archive that was inspected, one after the other."""
    with _opened(file) as tar:
        for member, source in _members(tar):
            if member.name not in (_DESCRIPTION, _CHECKSUMS):
                yield member.name, source


class _Careful(io.BufferedReader):
    """A file of which nobody reads much at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        """As the file; raises Rejected for more than a chunk."""
        if size is None or not 0 <= size <= CHUNK:
            raise Rejected("the archive has a header that is too long")
        return super().read(size)


@contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    with (
        _Careful(io.FileIO(file)) as stream,
        tarfile.open(fileobj=stream, mode="r:") as tar,
    ):
        yield tar


def _members(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    end = 0
    for member in tar:
        # A sparse one would have bytes that are not there; a size below zero would lead back.
        plain = member.type in _PLAIN and not member.issparse() and member.size >= 0
        if not plain or member.offset_data <= end:
            raise Rejected(f"the archive holds {member.name[:200]!r}, which is no plain file")
        end = member.offset_data
        source = tar.extractfile(member)
        assert source is not None
        yield member, source
        tar.members.clear()  # type: ignore[attr-defined]
