"""The names under which bytes are stored: POSIX relative paths, checked before any use."""

import re
from typing import Final
from uuid import UUID

from core.errors import Rejected

KEY_BYTES: Final = 900  # Google Cloud Storage ends at 1,024; the store's own root needs room
PART_BYTES: Final = 255

# Also keeps out what a shell, a URL or another file system would read as something else.
_PART = re.compile(r"[A-Za-z0-9._+=@-]+")


def checked_key(key: str) -> str:
    """The key itself; raises Rejected where it is hostile, too long or not plain."""
    if not key or len(key.encode("utf-8", "replace")) > KEY_BYTES:
        raise Rejected("a storage key is empty or too long")
    for part in key.split("/"):
        if not _PART.fullmatch(part) or len(part) > PART_BYTES or part[0] == "." or part[-1] == ".":
            raise Rejected(f"not a storage key: {key[:80]!r}")
    return key


def tenant_prefix(tenant_id: UUID) -> str:
    """Everything that one tenant has stored."""
    return f"tenants/{tenant_id}"


def source_key(tenant_id: UUID, asset_id: UUID) -> str:
    """Where an uploaded file is kept; its digest is known only once it lies there."""
    return checked_key(f"tenants/{tenant_id}/sources/{asset_id}/original")


def artifact_prefix(tenant_id: UUID, stage: str, digest: str, attempt: int, holder: UUID) -> str:
    """Where one attempt at one stage puts its files; nothing else ever writes there.

    Two runs may make the same thing of the same bytes, so the attempt's number alone is not enough.
    """
    return checked_key(f"tenants/{tenant_id}/{stage}/{digest}/{attempt}-{holder.hex[:12]}")
