"""People of every role, planted without a mail: for tests that ask who may do what."""

import base64
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.jwk import RSAKey

from core.settings import Settings
from models.person import Membership, SignIn, User
from services import api_keys, sessions, signing_keys, standing, tenants
from services.access_tokens import ALGORITHM, AccessTokens
from services.installation import Installation, Place
from services.limits import REFUSED, TABLE
from services.permissions import Action, Role
from services.signing_keys import Signer


@dataclass(frozen=True, slots=True)
class Member:
    """A person who has signed in, with a token for a tenant; `role` is theirs there."""

    user_id: UUID
    session_id: UUID
    tenant_id: UUID | None
    role: Role | None
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return bearer(self.token)


def unlimited(settings: Settings) -> Settings:
    """The same installation, where nobody is refused for asking too often."""
    rules = [REFUSED, *(rule for rules in TABLE.values() for rule in rules)]
    return settings.model_copy(
        update={"rate_limits": dict.fromkeys((rule.limit.name for rule in rules), 0)}
    )


def bearer(token: str) -> dict[str, str]:
    """The header that shows a token."""
    return {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who plants people; state: the installation, and the key that signs its tokens."""

    installation: Installation
    tokens: AccessTokens
    signer: Signer
    public_pem: str

    def found(self, name: str) -> Place:
        """A tenant, made at once."""
        made = tenants.create(self.installation.settings, f"{name}-{uuid4().hex[:12]}", name=name)
        return self.installation.place(str(made.id))

    def member(
        self, place: Place | None, role: Role | None = None, *, suspended: bool = False
    ) -> Member:
        """Somebody new, of a role in a tenant; without a role, a stranger with a token for it."""
        tenant_id = place.tenant_id if place is not None else None
        with self.installation.identity_scope() as session:
            user = User(email=f"{uuid4().hex}@example.com", name=f"A {role or 'stranger'}")
            session.add(user)
            session.flush()
            if role is not None and tenant_id is not None:
                one = Membership(user_id=user.id, tenant_id=tenant_id, role=str(role))
                session.add(one)
                session.flush()
                one.suspended = suspended
        return self.signed_in(user.id, tenant_id, role)

    def signed_in(self, user_id: UUID, tenant_id: UUID | None, role: Role | None) -> Member:
        """Another session of somebody's."""
        with self.installation.identity_scope() as session:
            opened = sessions.start(
                session,
                sessions.Start(
                    user_id, method="password", tenant_id=tenant_id, address=None, agent=None
                ),
            )
        issued = self.tokens.issue(
            user_id=user_id, session_id=opened.id, tenant_id=tenant_id, role=role
        )
        return Member(user_id, opened.id, tenant_id, role, issued.token)

    def end(self, one: Member) -> None:
        """End somebody's session, of which the token does not know."""
        with self.installation.identity_scope() as session:
            found = session.get_one(SignIn, one.session_id)
            found.ended_at = found.created_at

    def key(self, place: Place, *scopes: Action, maker: Member | None = None) -> str:
        """An API key of a tenant's."""
        with self.installation.identity_scope() as session:
            asker = standing.installation(place)
            if maker is not None:
                asker = standing.of_person(
                    session, maker.user_id, maker.session_id, place.tenant_id
                )
            made = api_keys.make(
                session, asker, place.tenant_id, name="a key", scopes=scopes, expires_at=None
            )
        return made.key

    def forged(self, one: Member) -> Mapping[str, str]:
        """What a forger makes of a good token, by the name of the forgery."""
        head, claims, signature = one.token.split(".")
        said = json.loads(_bytes(claims))
        turned = bytes(byte ^ 1 for byte in _bytes(signature))
        known = {"typ": "JWT", "kid": self.signer.kid}
        stranger = RSAKey.generate_key(2048, auto_kid=False)
        return {
            "bad signature": f"{head}.{claims}.{_text(turned)}",
            "changed claims": f"{head}.{_json(said | {'sub': str(uuid4())})}.{signature}",
            "no algorithm": f"{_json({**known, 'alg': 'none'})}.{claims}.",
            "public key as a secret": self._by_hmac(f"{_json({**known, 'alg': 'HS256'})}.{claims}"),
            "another's key": jwt.encode({**known, "alg": ALGORITHM}, said, stranger),
            "an unknown key": jwt.encode({"alg": ALGORITHM, "kid": "unknown-key"}, said, stranger),
        }

    def _by_hmac(self, signed: str) -> str:
        mac = hmac.digest(self.public_pem.encode(), signed.encode(), hashlib.sha256)
        return f"{signed}.{_text(mac)}"

    def expired(self, one: Member) -> str:
        """A token of somebody's, well signed, that ended a minute ago."""
        said = json.loads(_bytes(one.token.split(".")[1]))
        said |= {"iat": int(time.time()) - 660, "exp": int(time.time()) - 60}
        header = {"alg": ALGORITHM, "typ": "JWT", "kid": self.signer.kid}
        return jwt.encode(header, said, RSAKey.import_key(self.signer.private))


@contextlib.contextmanager
def crowd(settings: Settings) -> Iterator[Crowd]:
    """Who plants people in an installation, for the length of a block."""
    with closing(Installation(settings)) as installation:
        with installation.identity_scope() as session:
            signer = signing_keys.signer(session, installation.keyring.people(session))
            keys = signing_keys.public_keys(session)
        pem = next(one.pem for one in keys if one.kid == signer.kid)
        yield Crowd(installation, AccessTokens(installation), signer, pem)


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _json(value: Mapping[str, Any]) -> str:
    return _text(json.dumps(value).encode())
