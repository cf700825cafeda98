"""Access tokens: signed, short-lived words about who has signed in, and for which tenant.

What they say of a role is for those who cannot ask (a gateway, a page); the API asks the directory.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from core.errors import Unauthenticated
from services import signing_keys
from services.installation import Installation
from services.signing_keys import PublicKey, Signer

ISSUER: Final = "brand-automator"
ALGORITHM: Final = "RS256"
LIFE_SECONDS: Final = 600
_LEEWAY_SECONDS: Final = 30
# Other processes turn keys: what is known is asked for again, but not for every made-up token.
_KNOWN_SECONDS: Final = 300.0
_ASK_SECONDS: Final = 5.0
_LONGEST: Final = 4096
_REMEMBERED: Final = 2000
_REFUSED: Final = "the access token is not valid, or no longer: get another or sign in"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token of ours says."""

    user_id: UUID
    session_id: UUID
    tenant_id: UUID | None
    expires_at: float


@dataclass(frozen=True, slots=True)
class Issued:
    """An access token and when it ends; `seconds` from now."""

    token: str
    seconds: int

    def __repr__(self) -> str:
        return f"Issued(seconds={self.seconds})"


class AccessTokens:
    """Issues tokens and reads them; state: the keys, as they were asked for last."""

    def __init__(self, installation: Installation) -> None:
        """Asks for no key yet."""
        self.installation = installation
        self._lock = threading.Lock()
        self._signer: tuple[Signer, RSAKey] | None = None
        self._public: tuple[PublicKey, ...] = ()
        self._known = KeySet([])
        self._asked_at = float("-inf")
        self._read: dict[str, tuple[Claims, PublicKey]] = {}

    def issue(
        self, *, user_id: UUID, session_id: UUID, tenant_id: UUID | None, role: str | None
    ) -> Issued:
        """A token for a session; asks the directory for the key that signs, when it must."""
        signer, key = self._signing()
        now = int(time.time())
        claims: dict[str, object] = {
            "iss": ISSUER,
            "sub": str(user_id),
            "sid": str(session_id),
            "kid": signer.kid,  # gateways find the key by a claim
            "iat": now,
            "exp": now + LIFE_SECONDS,
        }
        if tenant_id is not None:
            claims |= {"tid": str(tenant_id), "role": role}
        header = {"alg": ALGORITHM, "typ": "JWT", "kid": signer.kid}
        return Issued(jwt.encode(header, claims, key, algorithms=[ALGORITHM]), LIFE_SECONDS)

    def _signing(self) -> tuple[Signer, RSAKey]:
        with self._lock:
            if self._signer is None or self._signer[0].signs_until <= datetime.now(UTC):
                with self.installation.identity_scope() as session:
                    sealer = self.installation.keyring.people(session)
                    signer = signing_keys.signer(session, sealer)
                self._signer = signer, RSAKey.import_key(signer.private)
                self._asked_at = float("-inf")
            return self._signer

    def read(self, token: str) -> Claims | None:
        """What a token says, if it is ours and has not ended; None where its key is unknown.

        Asks nobody. Raises Unauthenticated.
        """
        if len(token) > _LONGEST:
            raise Unauthenticated(_REFUSED)
        kept = self._read.get(token)
        if kept is not None and kept[1] in self._public and kept[0].expires_at > time.time():
            return kept[0]
        try:
            kid = jws.extract_compact(token.encode("ascii")).headers().get("kid")
            key = next((one for one in self._public if one.kid == kid), None)
            if key is None:
                return None
            claims = _claims(jwt.decode(token, self._known, algorithms=[ALGORITHM]).claims)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError):
            raise Unauthenticated(_REFUSED) from None
        # Whoever asks once asks often: a signature is looked at once.
        while len(self._read) >= _REMEMBERED:
            del self._read[next(iter(self._read))]
        self._read[token] = claims, key
        return claims

    def is_stale(self) -> bool:
        """Whether a token with an unknown key is reason enough to ask for keys again."""
        return time.monotonic() - self._asked_at > _ASK_SECONDS

    def ask(self) -> None:
        """Ask the directory for the public keys; make the next where it is time."""
        with self.installation.identity_scope() as session:
            if signing_keys.is_due(session):
                signing_keys.turn(session, self.installation.keyring.people(session))
            found = tuple(signing_keys.public_keys(session))
        self._known = KeySet([RSAKey.import_key(one.pem, {"kid": one.kid}) for one in found])
        self._public = found
        self._asked_at = time.monotonic()

    def jwks(self) -> Mapping[str, object]:
        """The public keys as RFC 7517 has them."""
        if time.monotonic() - self._asked_at > _KNOWN_SECONDS:
            self.ask()
        keys = (key.as_dict(private=False, use="sig", alg=ALGORITHM) for key in self._known.keys)
        return {"keys": list(keys)}


def _claims(said: Mapping[str, object]) -> Claims:
    expires = said["exp"]
    if said["iss"] != ISSUER or not isinstance(expires, int):
        raise ValueError("not one of ours")
    if expires + _LEEWAY_SECONDS < time.time():
        raise ValueError("ended")
    tenant = said.get("tid")
    return Claims(
        UUID(str(said["sub"])),
        UUID(str(said["sid"])),
        UUID(str(tenant)) if tenant is not None else None,
        float(expires),
    )
