"""A bucket of Google Cloud Storage as a store.

Every write asks that nothing be stored under the key yet, so that a repeated one changes nothing.
Bytes are held against their crc32c on both ways; their sha256 is kept beside them.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

from google.api_core import exceptions as api
from google.cloud import storage as gcs

from core import gcs_copies, gcs_sessions
from core.errors import Conflict, Misconfigured, NotFound, Rejected, Retryable, Unavailable
from core.gcs_bucket import Bucket, Facts, sums
from core.gcs_compose import CACHING, Composer
from core.gcs_errors import translated
from core.gcs_signing import Signer
from core.keys import checked_key
from core.storage import Stored, StoredObject

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_INCOMING: Final = ".incoming"  # no key begins with a dot
_SHA256: Final = "sha256"
_TRIES: Final = 3
_LONGEST_SECONDS: Final = 7 * 24 * 3600.0
_PATIENCE_SECONDS: Final = 60.0


class GcsStorage:
    """`core.storage.Storage` in a bucket, below a prefix; state: open connections."""

    def __init__(
        self,
        bucket: str,
        prefix: str,
        *,
        scratch: Path,
        kms_key: str | None = None,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        """`scratch` takes what `local` fetches; `patience` bounds retries, in seconds."""
        if not _BUCKET.fullmatch(bucket):
            raise Misconfigured(f"STORAGE_URL: {bucket!r} is not the name of a bucket")
        try:
            self._root = f"{checked_key(prefix)}/" if prefix else ""
        except Rejected:
            raise Misconfigured("STORAGE_URL: the prefix is no plain path") from None
        self._bucket = Bucket(bucket, kms_key=kms_key, patience=patience)
        self._scratch = scratch
        self._signer = Signer()

    @property
    def spool(self) -> None:
        """None: bytes on their way in lie on a disk, and are sent from there."""
        return None

    def put(
        self, key: str, path: Path, *, consume: bool = False, sha256: str | None = None
    ) -> Stored:
        """See `Storage.put`. The file is read twice: to be summed, and to be sent."""
        name = self._named(key)
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as stream:
            known = sums([stream], sha256=sha256)
            wanted = Stored(key, known.bytes, known.sha256)

            def send() -> None:
                blob = self._bucket.blob(name)
                blob.metadata = {_SHA256: known.sha256}
                blob.cache_control = CACHING
                blob.crc32c = known.crc32c  # the store refuses other bytes than these
                with translated(self._bucket.name):
                    self._bucket.send(blob, stream, known)

            self._once(wanted, send)
        if consume:
            path.unlink()
        return wanted

    def compose(self, key: str, parts: Sequence[str]) -> Stored:
        """See `Storage.compose`. The parts are read once, for their digest."""
        name = self._named(key)
        if not parts:
            raise Rejected("there are no parts to join")
        found = [self._look(part) for part in parts]

        def read() -> Iterator[BinaryIO]:
            for part, blob in zip(parts, found, strict=True):
                with self._bucket.stream(blob, part) as stream:
                    yield stream

        known = sums(read())
        wanted = Stored(key, known.bytes, known.sha256)
        with suppress(NotFound):
            self._require_same(wanted)
            return wanted

        def join() -> None:
            composer = Composer(self._bucket)
            aside = f"{self._root}{_INCOMING}/{uuid4().hex}"
            with translated(self._bucket.name, key):
                made = composer.join(name, found, {_SHA256: known.sha256}, aside)
            if made.crc32c != known.crc32c:
                self._bucket.delete(made)
                raise Retryable("cloud storage joined something else than what was read")

        self._once(wanted, join)
        return wanted

    def _once(self, wanted: Stored, write: Callable[[], None]) -> None:
        """Write what is not there; Conflict where something else is."""
        for _ in range(_TRIES):
            try:
                return write()
            except api.PreconditionFailed:
                with suppress(NotFound):  # it has gone meanwhile
                    return self._require_same(wanted)
        raise Unavailable(f"what is stored under {wanted.key} comes and goes")

    def _require_same(self, wanted: Stored) -> None:
        """Raise Conflict unless exactly this is stored."""
        blob = self._look(wanted.key)
        same = blob.size == wanted.bytes
        if same and (kept := (blob.metadata or {}).get(_SHA256)):
            same = kept == wanted.sha256
        elif same:
            with self._bucket.stream(blob, wanted.key) as stream:
                same = sums([stream]).sha256 == wanted.sha256
        if not same:
            raise Conflict(f"something else is stored under {wanted.key}")

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """See `Storage.local`: a copy in the scratch folder, removed afterwards."""
        blob, name = self._look(key), key.rsplit("/", 1)[-1]
        with (
            self._bucket.stream(blob, key) as stream,
            gcs_copies.copied(self._scratch, name, stream, blob.size) as path,
        ):
            yield path

    def open(self, key: str) -> BinaryIO:
        """See `Storage.open`."""
        return self._bucket.stream(self._look(key), key)

    def stat(self, key: str) -> StoredObject:
        """See `Storage.stat`."""
        return self._told(self._look(key))

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """See `Storage.list`. What has no name of ours is left out."""
        for blob in self._bucket.below(f"{self._named(prefix)}/" if prefix else self._root):
            with suppress(Rejected):
                checked_key(str(blob.name).removeprefix(self._root))
                yield self._told(blob)

    def signed_url(
        self, key: str, *, seconds: float, mime: str | None = None, disposition: str | None = None
    ) -> str:
        """See `Storage.signed_url`: a V4 signature, made here where there is a key file."""
        blob = self._bucket.blob(self._named(key))
        with translated(self._bucket.name):
            return str(
                blob.generate_signed_url(
                    version="v4",
                    expiration=int(min(max(1.0, seconds), _LONGEST_SECONDS)),
                    response_type=mime,
                    response_disposition=disposition,
                    credentials=self._signer.credentials,
                )
            )

    def begin_session(self, key: str, size: int, *, origin: str | None = None) -> str:
        """See `Storage.begin_session`."""
        blob = self._bucket.blob(self._named(key))
        with translated(self._bucket.name):
            return self._bucket.session(blob, size, origin)

    def end_session(self, address: str) -> None:
        """See `Storage.end_session`."""
        gcs_sessions.end(address)

    def delete(self, key: str) -> None:
        """See `Storage.delete`."""
        self._bucket.delete(self._bucket.blob(self._named(key)))

    def delete_prefix(self, prefix: str) -> int:
        """See `Storage.delete_prefix`: a page at a time, eight objects at once."""
        return self._bucket.empty(f"{self._named(prefix)}/")

    def sweep_incoming(self, older_than_seconds: float) -> int:
        """See `Storage.sweep_incoming`: halves of joins, and copies of processes that were killed.

        The store itself forgets sessions that nobody goes on with, after a week.
        """
        before = time.time() - older_than_seconds
        halves = self._bucket.empty(f"{self._root}{_INCOMING}/", before)
        return halves + gcs_copies.sweep(self._scratch, before)

    def free_bytes(self) -> None:
        """See `Storage.free_bytes`: there is no bound."""

    def facts(self) -> Facts:
        """How the bucket is set up. Raises Misconfigured where there is none, or none for us."""
        return self._bucket.facts()

    def allowed(self, permissions: Sequence[str]) -> set[str]:
        """Those of the permissions that we have in the bucket."""
        return self._bucket.allowed(permissions)

    def _named(self, key: str) -> str:
        return self._root + checked_key(key)

    def _look(self, key: str) -> gcs.Blob:
        return self._bucket.look(self._named(key), key)

    def _told(self, blob: gcs.Blob) -> StoredObject:
        key = str(blob.name).removeprefix(self._root)
        return StoredObject(key, int(blob.size), blob.time_created.timestamp())
