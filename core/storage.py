"""Where bytes live: one protocol, one file per kind of store behind it.

A stored object is whole or absent, never changed in place, and known by its key alone.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable
from urllib.parse import unquote, urlsplit

from core.errors import Misconfigured


@dataclass(frozen=True, slots=True)
class Stored:
    """What a store took in."""

    key: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a store holds; `modified` is in seconds since 1970."""

    key: str
    bytes: int
    modified: float


class Storage(Protocol):
    """A store. Keys are checked by `core.keys`; a missing key raises NotFound.

    A prefix is a folder: `a/b` is the prefix of `a/b/c`, not of `a/bc`.
    """

    @property
    def spool(self) -> Path | None:
        """A private folder for files on their way in, from which `put` need not copy, if any."""
        ...

    def put(
        self, key: str, path: Path, *, consume: bool = False, sha256: str | None = None
    ) -> Stored:
        """Take a file in, durably; it is never seen half-written.

        With `consume` the caller gives the file up, which saves a copy where the store can. With
        `sha256` the caller has read it already, and it need not be read again.
        Raises InsufficientStorage where there is no room, and leaves nothing behind.
        """
        ...

    def local(self, key: str) -> AbstractContextManager[Path]:
        """A path to read the object from, good inside the `with`."""
        ...

    def open(self, key: str) -> BinaryIO:
        """The object as a seekable binary stream; the caller closes it."""
        ...

    def stat(self, key: str) -> StoredObject:
        """Size and age."""
        ...

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Everything below a folder, in order of keys."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; a missing one is no error."""
        ...

    def delete_prefix(self, prefix: str) -> int:
        """Remove everything below a folder; the number of objects removed."""
        ...

    def sweep_incoming(self, older_than_seconds: float) -> int:
        """Remove what a `put` that was killed left behind; the number of files removed."""
        ...

    def free_bytes(self) -> int | None:
        """Room left, or None where the store has no bound."""
        ...


@runtime_checkable
class Asked(Protocol):
    """A store that can tell at little cost whether it would take a file."""

    def ask(self) -> None:
        """Raises OSError, or an error of ours, where it would not."""
        ...


def open_storage(url: str) -> Storage:
    """The store at an address: `file:///absolute/folder`. Raises Misconfigured for any other."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        path = unquote(parts.path)
        if parts.netloc not in ("", "localhost") or not path.startswith("/") or path == "/":
            raise Misconfigured(f"STORAGE_URL must be file:///an/absolute/folder, not {url}")
        from core.folder_storage import FolderStorage

        return FolderStorage(Path(path))
    if parts.scheme == "gs":
        raise Misconfigured("STORAGE_URL: Google Cloud Storage (gs://) is not supported yet")
    raise Misconfigured(f"STORAGE_URL: no store of the kind {parts.scheme or url!r} is known")
