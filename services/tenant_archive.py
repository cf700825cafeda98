"""The file that a tenant travels in: described, held against itself, and read.

`docs/archive.md` says what it looks like. Whatever reads it here takes it for hostile.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import Rejected
from core.keys import checked_key, tenant_prefix
from services import archive
from services.permissions import Role

NOUN: Final = "archive of a tenant"
FORMAT: Final = 1
KIND: Final = "brand-automator.tenant"
DESCRIPTION: Final = "tenant.json"
CHECKSUMS: Final = "checksums.json"
MEMBERS: Final = "members.json"
ABSENT: Final = "absent.json"
ROWS: Final = "rows/"
FILES: Final = "storage/"
# The longest row that is written or read.
LINE_BYTES: Final = 16 << 20
_ROWS: Final = re.compile(r"rows/(tenant|cell)/[a-z][a-z0-9_]{0,62}\.jsonl")


Count = Annotated[int, Field(ge=0, le=10**12)]


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Origin(_Said):
    """The tenant as it was, in the installation that it comes from."""

    id: UUID
    slug: str = Field(max_length=63)
    name: str = Field(max_length=200)
    created_at: str = Field(max_length=40)


class Description(_Said):
    """What an archive holds: `rows` by table, and the bytes of all files."""

    kind: Literal["brand-automator.tenant"] = "brand-automator.tenant"
    format: int
    release: str = Field(max_length=100)
    created_at: str = Field(max_length=40)
    revision: str = Field(pattern=r"^[0-9]{4}$")
    tenant: Origin
    rows: dict[str, Count] = Field(max_length=1000)
    files: Count


class Member(_Said):
    """Somebody who was in the tenant."""

    email: str = Field(max_length=254)
    name: str = Field(max_length=200)
    role: Role


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the archive's."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Checked:
    """An archive that is whole; `files` are by their keys, `absent` were gone when it was made."""

    file: Path
    description: Description
    files: Mapping[str, StoredFile]
    absent: frozenset[str]
    members: tuple[Member, ...]

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(one.bytes for one in self.files.values())


def release() -> str:
    """The product's release."""
    try:
        return version("brand-automator")
    except PackageNotFoundError:
        return "0"


def rows_name(schema: str, table: str) -> str:
    """The member with a table's rows; `schema` is `tenant` or `cell`."""
    return f"{ROWS}{schema}/{table}.jsonl"


def check(file: Path) -> Checked:
    """Reads an archive from end to end; raises Rejected unless it is whole, unharmed and ours."""
    found = archive.inspect(file, NOUN, texts=[DESCRIPTION, MEMBERS, ABSENT])
    try:
        if next(iter(found.checksums)) != DESCRIPTION:
            raise Rejected(f"{file} is no {NOUN}: it does not begin with {DESCRIPTION}")
        _require_format(file, found.texts[DESCRIPTION])
        description = Description.model_validate_json(found.texts[DESCRIPTION])
        members = tuple(Member.model_validate(one) for one in json.loads(found.texts[MEMBERS]))
        absent = json.loads(found.texts[ABSENT])
        if not isinstance(absent, list) or not all(isinstance(one, str) for one in absent):
            raise Rejected(f"{ABSENT} is no list of keys")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:100]
        raise Rejected(f"{file} is no {NOUN}: {place}: {first['msg']}") from error
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise Rejected(f"{file} is no {NOUN}, or not all of one") from error
    home = f"{tenant_prefix(description.tenant.id)}/"
    files = {}
    for name, digest in found.checksums.items():
        if name in (DESCRIPTION, CHECKSUMS, MEMBERS, ABSENT) or _is_rows(name, description):
            continue
        key = checked_key(name.removeprefix(FILES)) if name.startswith(FILES) else ""
        if not key.startswith(home):
            raise Rejected(f"the archive holds the strange name {name[:200]!r}")
        files[key] = StoredFile(found.sizes[name], digest)
    if missing := sorted(set(description.rows) - set(found.checksums)):
        raise Rejected(f"the archive lacks {missing[0][:200]!r}")
    if any(not checked_key(key).startswith(home) for key in absent) or set(absent) & files.keys():
        raise Rejected(f"{ABSENT} names what is not the tenant's, or is there")
    if len(files) + len(set(absent)) != description.files:
        raise Rejected(f"the archive holds {len(files)} files, not {description.files}")
    return Checked(file, description, files, frozenset(absent), members)


def _require_format(file: Path, text: bytes) -> None:
    """What another release has written says so, whatever else it says."""
    said = json.loads(text)
    if not isinstance(said, dict) or said.get("kind") != KIND:
        raise Rejected(f"{file} is no {NOUN}")
    if said.get("format") != FORMAT:
        written = str(said.get("format"))[:20]
        raise Rejected(f"{file} has the format {written}; this release reads {FORMAT}")


def _is_rows(name: str, description: Description) -> bool:
    return name in description.rows and _ROWS.fullmatch(name) is not None


def lines(source: IO[bytes], name: str) -> Iterator[dict[str, Any]]:
    """The rows of a member, one after the other; raises Rejected for what is none."""
    number = 0
    while line := source.readline(LINE_BYTES + 1):
        number += 1
        if len(line) > LINE_BYTES:
            raise Rejected(f"{name}, line {number}: it is longer than {LINE_BYTES >> 20} MiB")
        try:
            row = json.loads(line, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise Rejected(f"{name}, line {number}: it is no JSON") from None
        if not isinstance(row, dict) or not row:
            raise Rejected(f"{name}, line {number}: it is no object with values")
        yield row


def _refuse(constant: str) -> None:
    raise ValueError(constant)
