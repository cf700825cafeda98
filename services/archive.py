"""The file that a backup is: a tar with a description first and checksums last."""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import IO
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError

from core.errors import Conflict, Rejected
from core.keys import checked_key, tenant_prefix

FORMAT = 1
_DESCRIPTION = "backup.json"
_CHECKSUMS = "checksums.json"
_CHUNK = 1 << 20


class SavedTenant(BaseModel):
    """A tenant that has a schema in its cell."""

    id: UUID
    cell: str
    schema_version: str


class SavedCell(BaseModel):
    """A cell by name, and whether each of its queues was open or paused."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    queues: dict[str, str]


class Description(BaseModel):
    """What a backup holds, and which revisions can take it in."""

    format: int
    created_at: str
    directory: str
    cell: str
    cells: list[SavedCell]
    tenants: list[SavedTenant]


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
def writing(file: Path, description: Description) -> Iterator[Writer]:
    """A backup that appears at `file`, readable by its owner only, once it is whole.

    Raises Conflict where there is a file of that name by then.
    """
    # A name that nobody can foresee: in a folder of others, it is not there before us.
    handle, name = mkstemp(dir=file.absolute().parent, prefix=".", suffix=".partial")
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
                writer = Writer(tar)
                writer.add_json(_DESCRIPTION, description.model_dump_json(indent=2))
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


def check(file: Path) -> Description:
    """Reads a backup from end to end; raises Rejected unless it is whole, unharmed and ours."""
    try:
        with tarfile.open(file, "r:") as tar:
            found: dict[str, str] = {}
            texts: dict[str, bytes] = {}
            for member, source in _members(tar):
                digest = hashlib.sha256()
                while chunk := source.read(_CHUNK):
                    digest.update(chunk)
                    if member.name in (_DESCRIPTION, _CHECKSUMS):
                        texts[member.name] = texts.get(member.name, b"") + chunk
                if member.name in found:
                    raise Rejected(f"{file} holds {member.name} twice")
                found[member.name] = digest.hexdigest()
        found.pop(_CHECKSUMS, None)
        if found != json.loads(texts[_CHECKSUMS]):
            raise Rejected(f"{file} is damaged: its checksums do not fit")
        description = Description.model_validate_json(texts[_DESCRIPTION])
        _require_names(found, description)
    except (tarfile.TarError, KeyError, ValueError, ValidationError, EOFError) as error:
        raise Rejected(f"{file} is no backup, or not all of one") from error
    if description.format != FORMAT:
        raise Rejected(f"{file} has the format {description.format}; this release reads {FORMAT}")
    return description


def _require_names(found: Iterable[str], description: Description) -> None:
    """Every member is one that a backup has: a restore follows no path out of its folders."""
    parts = [f"{part}-{cell.name}" for cell in description.cells for part in ("tenants", "shared")]
    expected = {_DESCRIPTION, *(f"databases/{part}.dump" for part in parts)}
    homes = {f"storage/{tenant_prefix(tenant.id)}/" for tenant in description.tenants}
    if missing := expected - set(found):
        raise Rejected(f"the backup lacks {sorted(missing)}")
    for name in set(found) - expected:
        home = "/".join(name.split("/", 3)[:3]) + "/"
        if home not in homes:
            raise Rejected(f"the backup holds the strange name {name!r}")
        checked_key(name.removeprefix("storage/"))


def reading(file: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """The members of a backup that `check` has passed, one after the other."""
    with tarfile.open(file, "r:") as tar:
        for member, source in _members(tar):
            if member.name not in (_DESCRIPTION, _CHECKSUMS):
                yield member.name, source


def _members(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    for member in tar:
        source = tar.extractfile(member) if member.isfile() else None
        if source is None:
            raise Rejected(f"the backup holds {member.name}, which is no plain file")
        yield member, source
