"""What is done with a bucket's objects: calls are bounded, errors are ours, bytes are checked."""

import hashlib
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from io import BufferedReader
from itertools import islice
from typing import Any, BinaryIO, Final, cast
from urllib.parse import quote

import google_crc32c
import requests
from google.api_core import exceptions as api
from google.api_core.retry import Retry
from google.auth.transport.requests import AuthorizedSession
from google.cloud import storage as gcs
from google.cloud.storage.retry import DEFAULT_RETRY

from core import gcs_sessions
from core.errors import NotFound, Retryable, Unavailable
from core.gcs_errors import translated
from core.gcs_reader import RangeReader, crc32c_text
from core.gcs_sessions import TIMEOUT
from core.gcs_signing import credentials

# Else the library asks after the bucket in a thread of its own, for traces that we do not take: by
# a right that nothing here needs, and again and again while the store is away.
os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")

READ_BYTES: Final = 1 << 20
_TYPE: Final = "application/octet-stream"
_SMALL: Final = 8 << 20  # more than this goes over a session, which can be gone on with
_PAGE: Final = 1000
_AT_ONCE: Final = 8
_FIELDS: Final = "items(name,size,timeCreated),nextPageToken"


@dataclass(frozen=True, slots=True)
class Facts:
    """How a bucket is set up; `kms_key` is its default one."""

    name: str
    location: str
    kms_key: str | None
    uniform_access: bool
    public_access_prevented: bool
    cors: Sequence[Mapping[str, Any]]


class Bucket:
    """A bucket, by the names of its objects; state: open connections."""

    def __init__(self, name: str, *, kms_key: str | None, patience: float) -> None:
        """`patience` bounds what is tried again, in seconds; `kms_key` is None for the default."""
        self.name, self.kms_key, self._patience = name, kms_key, patience
        self.retry: Retry = DEFAULT_RETRY.with_delay(initial=0.5, maximum=8.0).with_timeout(
            patience
        )

    @cached_property
    def client(self) -> gcs.Client:
        """The library's client."""
        with translated(self.name):
            return gcs.Client(project="none", credentials=credentials())

    @cached_property
    def _bucket(self) -> gcs.Bucket:
        return self.client.bucket(self.name)

    @cached_property
    def _http(self) -> AuthorizedSession:
        with translated(self.name):
            return AuthorizedSession(credentials())

    def ask(
        self, method: str, address: str, query: Mapping[str, str], **more: Any
    ) -> requests.Response:
        """A request that the library does not make, or not so; raises what the library raises."""

        def once() -> requests.Response:
            answer: requests.Response = self._http.request(
                method, address, params=query, timeout=TIMEOUT, **more
            )
            if answer.status_code not in (200, 206):
                raise api.from_http_response(answer)
            return answer

        return self.retry(once)()

    def blob(self, name: str, generation: int | None = None) -> gcs.Blob:
        """An object that may not be there; what is written to it is encrypted with the key."""
        return self._bucket.blob(name, kms_key_name=self.kms_key, generation=generation)

    def look(self, name: str, key: str) -> gcs.Blob:
        """An object and all that is known of it; NotFound, naming the key."""
        blob = self._bucket.blob(name)
        with translated(self.name, key):
            blob.reload(timeout=TIMEOUT, retry=self.retry)
        return blob

    def below(self, prefix: str) -> Iterator[gcs.Blob]:
        """Everything whose name begins so, in order of names."""
        with translated(self.name):
            yield from self.client.list_blobs(
                self._bucket,
                prefix=prefix,
                page_size=_PAGE,
                fields=_FIELDS,
                timeout=TIMEOUT,
                retry=self.retry,
            )

    def stream(self, blob: gcs.Blob, key: str) -> BinaryIO:
        """The bytes of an object that was looked at."""
        place = f"b/{self.name}/o/{quote(str(blob.name), safe='')}"
        address = f"{self.client.api_endpoint}/download/storage/v1/{place}"
        query = {"alt": "media", "generation": str(blob.generation)}

        def fetch(start: int, end: int) -> bytes:
            told = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
            with translated(self.name, key):
                return self.ask("GET", address, query, headers=told).content

        reader = RangeReader(fetch, int(blob.size), blob.crc32c)
        return cast(BinaryIO, BufferedReader(reader, 64 << 10))

    def send(self, blob: gcs.Blob, stream: BinaryIO, sums: "Sums") -> None:
        """Write an object that is not there yet; nothing of it is seen before it is whole.

        Raises PreconditionFailed where it is there, and Retryable where bytes were damaged.
        """
        if sums.bytes <= _SMALL:
            told = self._send_at_once(blob, stream, sums.bytes)
        else:
            told = self._send_in_pieces(blob, stream, sums)
        if told.get("crc32c") != sums.crc32c or int(told.get("size") or 0) != sums.bytes:
            self.delete(self.blob(blob.name, told.get("generation")))
            raise Retryable("bytes were damaged on their way to cloud storage")

    def _send_at_once(self, blob: gcs.Blob, stream: BinaryIO, size: int) -> Mapping[str, Any]:
        stream.seek(0)
        blob.upload_from_file(
            stream,
            size=size,
            content_type=_TYPE,
            if_generation_match=0,
            timeout=TIMEOUT,
            checksum=None,  # the object's own is sent with it, and compared above
            retry=self.retry,
        )
        return {"crc32c": blob.crc32c, "size": blob.size, "generation": blob.generation}

    def _send_in_pieces(self, blob: gcs.Blob, stream: BinaryIO, sums: "Sums") -> Mapping[str, Any]:
        address = self.session(blob, sums.bytes)
        try:
            sending = gcs_sessions.Sending(address, stream, sums.bytes, patience=self._patience)
            return sending.run(sums.crc32c)
        except BaseException:
            with suppress(Unavailable):
                gcs_sessions.end(address)
            raise

    def session(self, blob: gcs.Blob, size: int, origin: str | None = None) -> str:
        """The address of a session that writes an object of `size` bytes, if it is not there."""
        return str(
            blob.create_resumable_upload_session(
                content_type=_TYPE,
                size=size,
                origin=origin,
                timeout=TIMEOUT,
                checksum=None,
                if_generation_match=0,
                retry=self.retry,
            )
        )

    def delete(self, blob: gcs.Blob) -> None:
        """Remove an object; a missing one is no error."""
        with suppress(NotFound), translated(self.name, str(blob.name)):
            blob.delete(timeout=TIMEOUT, retry=self.retry)

    def empty(self, prefix: str, before: float = math.inf) -> int:
        """Remove what was made before a moment and whose name begins so; how many there were."""
        doomed = (b for b in self.below(prefix) if b.time_created.timestamp() < before)
        removed = 0
        with ThreadPoolExecutor(_AT_ONCE, "delete") as pool:
            while page := list(islice(doomed, _PAGE)):
                for _ in pool.map(self.delete, page):
                    removed += 1
        return removed

    def facts(self) -> Facts:
        """How the bucket is set up. Raises Misconfigured where there is none, or none for us."""
        with translated(self.name):
            self._bucket.reload(timeout=TIMEOUT, retry=self.retry)
        found, access = self._bucket, self._bucket.iam_configuration
        return Facts(
            name=self.name,
            location=str(found.location),
            kms_key=found.default_kms_key_name,
            uniform_access=bool(access.uniform_bucket_level_access_enabled),
            public_access_prevented=access.public_access_prevention == "enforced",
            cors=list(found.cors),
        )

    def allowed(self, permissions: Sequence[str]) -> set[str]:
        """Those of the permissions that we have."""
        with translated(self.name):
            return set(
                self._bucket.test_iam_permissions(
                    list(permissions), timeout=TIMEOUT, retry=self.retry
                )
            )


@dataclass(frozen=True, slots=True)
class Sums:
    """What is known of bytes that were read."""

    bytes: int
    sha256: str
    crc32c: str


def sums(streams: Iterable[BinaryIO], *, sha256: str | None = None) -> Sums:
    """Of streams, one after another; where the sha256 is known it is not taken again."""
    digest, crc, size = hashlib.sha256(), 0, 0
    for stream in streams:
        while data := stream.read(READ_BYTES):
            if sha256 is None:
                digest.update(data)
            crc = google_crc32c.extend(crc, data)
            size += len(data)
    return Sums(size, sha256 or digest.hexdigest(), crc32c_text(crc))
