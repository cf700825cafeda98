"""Where bytes live: one protocol, one file per kind of store behind it.

A stored object is whole or absent, never changed in place, and known by its key alone. To store the
same bytes under a key once more succeeds, since whoever does not know how the first time ended does
it again; other bytes raise Conflict, and what is stored stays.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
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
        Raises InsufficientStorage where there is no room, Conflict where other bytes are stored
        under the key, Unavailable where the store does not answer; all leave nothing behind.
        """
        ...

    def compose(self, key: str, parts: Sequence[str]) -> Stored:
        """Join stored objects to one, in their order; they stay. Raises as `put` does.

        Raises Rejected for no parts, and NotFound where one is missing.
        """
        ...

    def local(self, key: str) -> AbstractContextManager[Path]:
        """A path to read the object from, good inside the `with`."""
        ...

    def open(self, key: str) -> BinaryIO:
        """The object as a seekable binary stream; the caller closes it.

        Little more is fetched than is read, so that a range is a `seek` and a `read`.
        """
        ...

    def signed_url(
        self, key: str, *, seconds: float, mime: str | None = None, disposition: str | None = None
    ) -> str | None:
        """An address from which anybody may read the object meanwhile; None where there is none.

        It answers ranges and ends after `seconds`, at most seven days, and at the latest with the
        key that signed it: it cannot be revoked. `mime` and `disposition` become headers of the
        answer. Nobody looks whether the object is there.
        Raises Misconfigured where nothing can sign.
        """
        ...

    def begin_session(self, key: str, size: int, *, origin: str | None = None) -> str | None:
        """An address to which anybody may write the `size` bytes of an object; None where none is.

        The address is a secret. It speaks Google's protocol of resumable uploads, for a week;
        browsers reach it from the `origin`. The object is there with its last byte, unless
        something has been stored under the key meanwhile.
        """
        ...

    def end_session(self, address: str) -> None:
        """Give such an address up, with what came over it; one that has ended is no error."""
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


def open_storage(url: str, *, scratch: Path | None = None, kms_key: str | None = None) -> Storage:
    """The store at an address: `file:///absolute/folder` or `gs://bucket/optional/prefix`.

    `scratch` is for copies of what is no file, and `kms_key` encrypts what a bucket takes in.
    Raises Misconfigured for any other address.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        path = unquote(parts.path)
        if parts.netloc not in ("", "localhost") or not path.startswith("/") or path == "/":
            raise Misconfigured(f"STORAGE_URL must be file:///an/absolute/folder, not {url}")
        if kms_key is not None:
            raise Misconfigured("STORAGE_KMS_KEY is for gs://: a folder is as safe as its disk")
        from core.folder_storage import FolderStorage

        return FolderStorage(Path(path))
    if parts.scheme == "gs":
        if parts.query or parts.fragment:
            raise Misconfigured("STORAGE_URL must be gs://bucket/optional/prefix")
        from core.gcs_storage import GcsStorage

        place = scratch or Path(gettempdir())
        return GcsStorage(parts.netloc, parts.path.strip("/"), scratch=place, kms_key=kms_key)
    raise Misconfigured(f"STORAGE_URL: no store of the kind {parts.scheme or url!r} is known")
