"""The signed part of a media address: what it opens, for whom, and until when.

81 bytes, which are 108 characters with no bit to spare: no second spelling of one token is valid.

    version 1 | key 3 | scope 1 | epoch 4 | expiry 8 | tenant 16 | asset 16 | run 16 | MAC 16

The MAC is HMAC-SHA256 of all before it, cut to 128 bits (RFC 2104, 5).
"""

import base64
import hashlib
import hmac
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from uuid import UUID

from core.errors import Misconfigured, NotFound
from core.settings import Settings

_VERSION: Final = 1
_LAYOUT: Final = struct.Struct(">B3sBLQ16s16s16s")
_MAC_BYTES: Final = 16
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{108}")
_NO_RUN: Final = UUID(int=0)
NOBODYS: Final = UUID(int=0)


class Scope(IntEnum):
    """What a token opens."""

    PACKAGE = 1
    """All that a run has made."""
    SOURCE = 2
    """The file that was uploaded."""
    REVIEW = 3
    """What a reviewer is shown of what a run has made; the asset's id is the reviewer's row's."""
    ARCHIVE = 4
    """The archive that an export has made, which is its run; it is of no asset."""


@dataclass(frozen=True, slots=True)
class MediaToken:
    """What a token says; `expires_at` is in whole seconds since 1970, `epoch` the asset's."""

    scope: Scope
    tenant_id: UUID
    asset_id: UUID
    run_id: UUID | None
    epoch: int
    expires_at: int


class Signer:
    """Signs with the first of its secrets, and knows the signatures of all."""

    def __init__(self, secrets: Sequence[str]) -> None:
        """Without secrets it signs nothing, and no token is known."""
        derived = [
            hashlib.blake2b(secret.encode(), person=b"media", digest_size=35).digest()
            for secret in secrets
        ]
        self._keys = [(key[:3], key[3:]) for key in derived]

    @classmethod
    def of(cls, settings: Settings) -> "Signer":
        """The signer with the installation's secrets."""
        return cls(settings.media_secrets)

    def sign(self, token: MediaToken) -> str:
        """The token as it stands in an address. Raises Misconfigured where there is no secret."""
        if not self._keys:
            raise Misconfigured("MEDIA_SECRET is not set: media have no addresses without it")
        name, key = self._keys[0]
        said = _LAYOUT.pack(
            _VERSION,
            name,
            token.scope,
            token.epoch,
            token.expires_at,
            token.tenant_id.bytes,
            token.asset_id.bytes,
            (token.run_id or _NO_RUN).bytes,
        )
        return base64.urlsafe_b64encode(said + _mac(key, said)).decode()

    def read(self, text: str) -> MediaToken:
        """What a token of ours says, expired or not; NotFound for any other text."""
        if not _TOKEN.fullmatch(text):
            raise _unknown()
        whole = base64.urlsafe_b64decode(text)
        said, given = whole[:-_MAC_BYTES], whole[-_MAC_BYTES:]
        version, name, scope, epoch, expires_at, tenant, asset, run = _LAYOUT.unpack(said)
        signed = any(
            name == known and hmac.compare_digest(_mac(key, said), given)
            for known, key in self._keys
        )
        if version != _VERSION or not signed or scope not in tuple(Scope):
            raise _unknown()
        run_id = UUID(bytes=run)
        return MediaToken(
            scope=Scope(scope),
            tenant_id=UUID(bytes=tenant),
            asset_id=UUID(bytes=asset),
            run_id=run_id if run_id != _NO_RUN else None,
            epoch=epoch,
            expires_at=expires_at,
        )


def _mac(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, said, "sha256")[:_MAC_BYTES]


def _unknown() -> NotFound:
    return NotFound("there is nothing at this address")
