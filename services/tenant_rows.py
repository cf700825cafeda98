"""The rows of an archive as they are put in: held against their tables, with ids that are new.

Nothing of a row becomes a part of a statement: names are those of our own tables, which the
database has, and values are parameters.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from core.errors import Rejected
from core.ids import renewed
from core.keys import tenant_prefix
from services.tenant_archive import StoredFile
from services.tenant_tables import STORAGE_KEY, Table, is_person
from services.tenant_values import fits

_BATCH: Final = 500
_BATCH_BYTES: Final = 4 << 20
_PUBLIC_ID: Final = "public_id"
_REFUSALS: Final = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.errors.ProgramLimitExceeded,
    psycopg.errors.StatementTooComplex,
)

Row = dict[str, Any]


@dataclass(slots=True)
class Renewal:
    """The ids and keys of a tenant that gets others; state: the ids that are known to be renewed.

    A new id has the time of the old one, so that rows sort as before.
    """

    old: UUID
    new: UUID
    files: Mapping[str, StoredFile]
    absent: frozenset[str]
    named: set[str] = field(default_factory=set)
    """The keys that rows have named."""
    _known: set[bytes] = field(default_factory=set)
    _secret: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def learn(self, row: Row, where: str) -> None:
        """Renew the id of this row wherever it stands; raises Rejected for none, or one twice."""
        found = _uuid(row.get("id"))
        if found is None or found.bytes in self._known:
            raise Rejected(f"{where}: its id is none, or is there twice")
        self._known.add(found.bytes)

    def require(self, row: Row, columns: Iterable[str], where: str) -> None:
        """Raise Rejected unless these columns hold ids of the archive's own rows."""
        for column in columns:
            found = _uuid(row.get(column))
            if found is None or found.bytes not in self._known:
                raise Rejected(f"{where}: {column} is no id of a row of the archive")

    def id(self, old: UUID) -> UUID:
        """The new id in the place of an old one."""
        return renewed(old, self._secret)

    def person(self, value: str | None, where: str) -> str | None:
        """Nobody of this installation in the place of somebody; the same for the same person."""
        found = _uuid(value)
        if value is not None and found is None:
            raise Rejected(f"{where} is no id")
        return str(self.id(found)) if found is not None else None

    def value(self, value: Any) -> Any:
        """A value with what is new in the place of what was, however deep it stands."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            return [self.value(one) for one in value]
        if isinstance(value, dict):
            return {name: self.value(one) for name, one in value.items()}
        return value

    def _text(self, value: str) -> str:
        home = f"{tenant_prefix(self.old)}/"
        if value.startswith(home):
            return f"{tenant_prefix(self.new)}/{value.removeprefix(home)}"
        found = _uuid(value) if len(value) == 36 else None
        if found is None:
            return value
        if found == self.old:
            return str(self.new)
        return str(self.id(found)) if found.bytes in self._known else value

    def key(self, row: Row, where: str) -> None:
        """Hold a row against the file that it names; raises Rejected."""
        key = row.get(STORAGE_KEY)
        if key is None:
            return
        found = self.files.get(key) if isinstance(key, str) else None
        if found is None and key not in self.absent:
            raise Rejected(f"{where}: {STORAGE_KEY} names no file of the archive")
        for name, told in (("bytes", row.get("bytes")), ("sha256", row.get("sha256"))):
            if found is not None and told is not None and told != getattr(found, name):
                raise Rejected(f"{where}: its file has other {name} than the row tells")
        self.named.add(key)


def _uuid(value: object) -> UUID | None:
    try:
        found = UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if str(found) == value else None


def put(
    connection: psycopg.Connection[Any],
    table: Table,
    rows: Iterable[Row],
    renewal: Renewal,
    *,
    change: Callable[[Row], Row] = lambda row: row,
    within: Iterable[str] = (),
) -> int:
    """Inserts rows; how many. `change` is given each as it will be. Raises Rejected.

    Foreign keys look behind the walls: the columns `within` must refer to rows of the archive. The
    database's own error tells values, so that only its kind is passed on.
    """
    count = 0

    def changed() -> Iterator[tuple[str, tuple[str, ...]]]:
        for number, row in enumerate(rows, 1):
            where = f"{table.name}, row {number}"
            renewal.require(row, within, where)
            yield _checked(table, change, row, renewal, where)

    columns: tuple[str, ...] | None = None
    for batch in _batches(changed()):
        columns = columns or batch[0][1]
        if any(names != columns for _, names in batch):
            raise Rejected(f"{table.name}: its rows have different columns")
        query = sql.SQL(
            "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE"
            " SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)"
        ).format(table=table.identifier, columns=sql.SQL(", ").join(map(sql.Identifier, columns)))
        values = "[" + ",".join(text for text, _ in batch) + "]"
        try:
            connection.execute(query, [values])
        except _REFUSALS as error:
            raise Rejected(f"{table.name}: {_reason(error)}") from None
        count += len(batch)
    return count


def _reason(error: psycopg.Error) -> str:
    """What is wrong with rows that the database refuses, without any of their values."""
    kind = " ".join(_words(type(error).__name__))
    place = error.diag.constraint_name or error.diag.column_name
    return f"the database refuses a row ({kind}{f': {place}' if place else ''})"


def _words(name: str) -> Iterator[str]:
    word = ""
    for letter in name:
        if letter.isupper() and word:
            yield word.lower()
            word = ""
        word += letter
    yield word.lower()


def _checked(
    table: Table, change: Callable[[Row], Row], row: Row, renewal: Renewal, where: str
) -> tuple[str, tuple[str, ...]]:
    """A row as text that may be put in, and its columns."""
    for name, value in row.items():
        kind = table.columns.get(name)
        if kind is None:
            raise Rejected(f"{where}: there is no column {name[:100]!r}")
        if not fits(table.name, name, kind, value):
            raise Rejected(f"{where}: {name} is no {kind} that it may have")
    renewal.key(row, where)
    new = {name: renewal.value(value) for name, value in row.items()}
    if new.get(_PUBLIC_ID) is not None:
        new[_PUBLIC_ID] = str(uuid4())
    new |= {
        name: renewal.person(value, f"{where}: {name}")
        for name, value in row.items()
        if is_person(name, table.columns[name])
    }
    found = change(new)
    try:
        return json.dumps(found, allow_nan=False), tuple(sorted(found))
    except (ValueError, RecursionError):
        raise Rejected(f"{where}: it has a number that is none, or is too deep") from None


def _batches(
    rows: Iterator[tuple[str, tuple[str, ...]]],
) -> Iterator[list[tuple[str, tuple[str, ...]]]]:
    """Rows that go in at once: some hundred, or as many as are not too long."""
    batch: list[tuple[str, tuple[str, ...]]] = []
    length = 0
    for row in rows:
        batch.append(row)
        length += len(row[0])
        if len(batch) == _BATCH or length >= _BATCH_BYTES:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch
