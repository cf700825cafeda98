"""Joining objects within a bucket: 32 at a time, and what that made again."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from urllib.parse import quote

from google.cloud import storage as gcs

from core.errors import AutomatorError
from core.gcs_bucket import Bucket

MOST: Final = 32
# What is stored never changes; who may read it may keep it for a day.
CACHING: Final = "private, max-age=86400, immutable"


class Composer:
    """Joins objects; the library's own call names no key to encrypt with, so it is made here."""

    def __init__(self, bucket: Bucket) -> None:
        """The bucket knows the key, and how long to be patient."""
        self._bucket = bucket

    def join(
        self, name: str, parts: Sequence[gcs.Blob], metadata: Mapping[str, str], aside: str
    ) -> gcs.Blob:
        """The parts as one object. `aside` is where halves lie until it is there.

        Raises PreconditionFailed where something has the name already.
        """
        halves: list[gcs.Blob] = []
        try:
            while len(parts) > MOST:
                level = []
                for start in range(0, len(parts), MOST):
                    group = parts[start : start + MOST]
                    level.append(self._joined(f"{aside}/{len(halves)}", group, {}))
                    halves.append(level[-1])
                parts = level
            return self._joined(name, parts, metadata)
        finally:
            for half in halves:
                with suppress(AutomatorError):  # what is left is swept
                    self._bucket.delete(half)

    def _joined(
        self, name: str, parts: Sequence[gcs.Blob], metadata: Mapping[str, str]
    ) -> gcs.Blob:
        body: Any = {
            "sourceObjects": [
                {
                    "name": part.name,
                    "generation": str(part.generation),
                    "objectPreconditions": {"ifGenerationMatch": str(part.generation)},
                }
                for part in parts
            ],
            "destination": {
                "contentType": "application/octet-stream",
                "cacheControl": CACHING,
                "metadata": dict(metadata),
            },
        }
        query = {"ifGenerationMatch": "0"}
        if self._bucket.kms_key is not None:
            query["kmsKeyName"] = self._bucket.kms_key
        place = f"b/{self._bucket.name}/o/{quote(name, safe='')}/compose"
        address = f"{self._bucket.client.api_endpoint}/storage/v1/{place}"

        told = self._bucket.ask("POST", address, query, json=body).json()
        blob = self._bucket.blob(name, int(told["generation"]))
        blob.crc32c = told.get("crc32c")
        return blob
