"""Master keys: they wrap the data keys that seal secrets, and lie outside of the database.

One protocol, with a key that the operator keeps or one that Cloud KMS keeps behind it.
"""

import base64
import binascii
import hashlib
import os
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from core.errors import Misconfigured
from core.sealing import KEY_BYTES, broken, cipher, opened

if TYPE_CHECKING:
    from core.settings import Settings

KMS_KEY: Final = re.compile(
    r"projects/[\w.:-]+/locations/[\w-]+/keyRings/[\w-]{1,63}/cryptoKeys/[\w-]{1,63}", re.ASCII
)
_RULE: Final = (
    "each master key must be 32 bytes as hex or base64, or the name of a Cloud KMS key"
    " (projects/…/locations/…/keyRings/…/cryptoKeys/…)"
)
_FORMAT: Final = b"\x01"
_NONCE_BYTES: Final = 12
_UNSET: Final = (
    "MASTER_KEYS is not set: no secret can be kept without it (docs/settings.md says how to make"
    " one)"
)


class MasterKey(Protocol):
    """What wraps data keys; the context is authenticated."""

    @property
    def name(self) -> str:
        """Stands beside what it wrapped; it tells nothing of the key."""
        ...

    def wrap(self, key: bytes, context: str) -> bytes:
        """The key, for nobody else to read.

        Raises Unavailable where the key's keeper does not answer, Misconfigured where it refuses.
        """
        ...

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """What was wrapped in the same context; raises SealBroken for anything else."""
        ...


class LocalMasterKey:
    """A key that the operator keeps.

    What it wraps is `format 1 | nonce 12 | AES-256-GCM of the key | tag 16`.
    """

    __slots__ = ("_cipher", "_name")

    def __init__(self, key: bytes) -> None:
        """`key` has 32 bytes."""
        self._cipher = cipher(key)
        self._name = f"local:{hashlib.blake2b(key, person=b'master', digest_size=8).hexdigest()}"

    @property
    def name(self) -> str:
        """`local:` and a fingerprint."""
        return self._name

    def wrap(self, key: bytes, context: str) -> bytes:
        """See `MasterKey`."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, key, _FORMAT + context.encode())

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """See `MasterKey`."""
        nonce, hidden = wrapped[1 : 1 + _NONCE_BYTES], wrapped[1 + _NONCE_BYTES :]
        if wrapped[:1] != _FORMAT or len(nonce) != _NONCE_BYTES:
            raise broken(context)
        return opened(self._cipher, nonce, hidden, _FORMAT + context.encode(), context)


class MasterKeys:
    """Those that an installation knows: the first wraps, all unwrap. State: the keys by name."""

    def __init__(self, told: Callable[[], str | None]) -> None:
        """`told` gives the text that names them, which may change while we run."""
        self._told = told
        self._lock = threading.Lock()
        self._known: dict[str, MasterKey] = {}

    @classmethod
    def of(cls, settings: "Settings") -> "MasterKeys":
        """Those of the installation's settings; they are looked at when they are needed."""
        value, file = settings.master_keys, settings.master_key_file
        if value is not None and file is not None:
            raise Misconfigured("MASTER_KEYS and MASTER_KEY_FILE are both set: unset one")
        if file is not None:
            return cls(lambda: _read(file))
        return cls(lambda: value.get_secret_value() if value is not None else None)

    def all(self) -> Sequence[MasterKey]:
        """The one that wraps first. Raises Misconfigured where there is none, or one is none."""
        text = self._told()
        if text is None:
            raise Misconfigured(_UNSET)
        try:
            made = [_made(one) for one in parse_master_keys(text)]
        except ValueError as error:
            raise Misconfigured(f"MASTER_KEYS: {error}") from None
        with self._lock:  # one that was known keeps its connections
            kept = [self._known.get(one.name, one) for one in made]
            self._known = {one.name: one for one in kept}
        return kept

    @property
    def first(self) -> MasterKey:
        """The one that wraps."""
        return self.all()[0]

    def named(self, name: str) -> MasterKey:
        """The one that wrapped something. Raises Misconfigured where it is not among them."""
        if name not in self._known:
            self.all()
        found = self._known.get(name)
        if found is None:
            raise Misconfigured(
                f"a data key is wrapped by the master key {name}, which is not in MASTER_KEYS:"
                " add it behind the first"
            )
        return found


def parse_master_keys(text: str) -> list[bytes | str]:
    """Keys of 32 bytes, and names of Cloud KMS keys, between commas or line ends.

    Raises ValueError, which does not show them.
    """
    found = [_parsed(one) for one in re.split(r"[,\s]+", text) if one]
    if not found:
        raise ValueError(_RULE)
    return found


def _parsed(text: str) -> bytes | str:
    if KMS_KEY.fullmatch(text):
        return text
    try:
        if len(text) == 2 * KEY_BYTES:
            return bytes.fromhex(text)
        plain = text.replace("-", "+").replace("_", "/").rstrip("=")
        key = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (ValueError, binascii.Error):
        raise ValueError(_RULE) from None
    if len(key) != KEY_BYTES:
        raise ValueError(_RULE)
    return key


def _made(one: bytes | str) -> MasterKey:
    if isinstance(one, bytes):
        return LocalMasterKey(one)
    from core.kms import KmsMasterKey

    return KmsMasterKey(one)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "it is no text"
        raise Misconfigured(f"MASTER_KEY_FILE cannot be read: {reason}") from None
