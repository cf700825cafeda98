"""OpenID Connect as a client: authorization code, with PKCE and nonce where the provider has them.

authlib and requests are imported where the first provider is asked. What a provider answers is
bounded, and an ID token counts only after signature, issuer, audience, times, nonce and at_hash.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from core.errors import Rejected, Unavailable

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

SCOPE: Final = "openid email profile"
# Neither "none" nor anything with a shared secret: a public key is no secret.
_ALGORITHMS: Final = ("RS256", "ES256", "PS256", "EdDSA")
_TIMEOUT: Final = (3.05, 5.0)
_LARGEST: Final = 256 * 1024
_KNOWN_SECONDS: Final = 3600.0
_ASK_SECONDS: Final = 30.0
_LEEWAY_SECONDS: Final = 60
_AWAY: Final = "the provider cannot be reached, or answers what it should not"


class OidcRefused(Rejected):
    """What a provider, or somebody in its name, says does not hold."""

    code = "oidc_refused"


@dataclass(frozen=True, slots=True)
class Provider:
    """Who says who somebody is. Without `pkce` and `nonce` they are left out, as LinkedIn wants it.

    A nonce that comes all the same is compared.
    """

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    pkce: bool = True
    nonce: bool = True


@dataclass(frozen=True, slots=True)
class Shown:
    """What an ID token says of somebody. `email` is there where the provider has verified it."""

    issuer: str
    subject: str
    email: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class _Known:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    keys: "KeySet"
    at: float


class OidcClient:
    """A client of one provider; state: what the provider has said of itself, for an hour."""

    def __init__(self, provider: Provider) -> None:
        """Asks nobody yet."""
        self.provider = provider
        self._lock = threading.Lock()
        self._known: _Known | None = None

    def address(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where a browser is sent. Raises Unavailable."""
        known = self._ask()
        more = {"nonce": nonce} if self.provider.nonce else {}
        with self._session(redirect_uri) as session:
            made, _ = session.create_authorization_url(
                known.authorization_endpoint,
                state=state,
                code_verifier=verifier if self.provider.pkce else None,
                **more,
            )
        return str(made)

    def exchange(self, *, code: str, redirect_uri: str, nonce: str, verifier: str) -> Shown:
        """Who a code stands for. Raises OidcRefused, Unavailable."""
        from authlib.integrations.base_client import OAuthError
        from requests import RequestException

        known = self._ask()
        more = {"code_verifier": verifier} if self.provider.pkce else {}
        with self._session(redirect_uri) as session:
            try:
                token: Mapping[str, Any] = session.fetch_token(
                    known.token_endpoint, grant_type="authorization_code", code=code,
                    timeout=_TIMEOUT, allow_redirects=False, **more,
                )  # fmt: skip
            except OAuthError:
                raise OidcRefused("the provider does not take this code") from None
            except (RequestException, ValueError, KeyError, TypeError) as error:
                raise Unavailable(_AWAY, detail=type(error).__name__) from None
        id_token = token.get("id_token")
        if not isinstance(id_token, str) or len(id_token) > _LARGEST:
            raise OidcRefused("the provider sent no ID token")
        return self._read(id_token, str(token.get("access_token", "")), nonce)

    def _read(self, id_token: str, access_token: str, nonce: str) -> Shown:
        from authlib.oidc.core import CodeIDToken
        from joserfc import jws, jwt
        from joserfc.errors import JoseError

        try:
            kid = jws.extract_compact(id_token.encode("ascii")).headers().get("kid")
            known = self._ask(kid=kid if isinstance(kid, str) else None)
            decoded = jwt.decode(id_token, known.keys, algorithms=list(_ALGORITHMS))
            said = dict(decoded.claims)
            compared = nonce if self.provider.nonce or "nonce" in said else None
            CodeIDToken(
                said,
                decoded.header,
                {
                    "iss": {"essential": True, "value": self.provider.issuer},
                    "aud": {"essential": True, "value": self.provider.client_id},
                },
                {
                    "nonce": compared,
                    "client_id": self.provider.client_id,
                    "access_token": access_token,
                },
            ).validate(leeway=_LEEWAY_SECONDS)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError):
            raise OidcRefused("the provider's ID token does not hold") from None
        return _shown(said)

    def _ask(self, *, kid: str | None = None) -> _Known:
        """What the provider says of itself; its keys are asked for again for one that is new."""
        with self._lock:
            known, now = self._known, time.monotonic()
            age = now - known.at if known is not None else float("inf")
            unknown = kid is not None and known is not None and not _has(known.keys, kid)
            if known is None or age > _KNOWN_SECONDS or (unknown and age > _ASK_SECONDS):
                known = self._known = self._discover()
            return known

    def _discover(self) -> _Known:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        issuer = self.provider.issuer
        said = self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        places = [said.get(name) for name in names]
        scheme = "https://" if issuer.startswith("https://") else "http"
        if said.get("issuer") != issuer or not all(
            isinstance(place, str) and place.startswith(scheme) for place in places
        ):
            raise Unavailable(_AWAY, detail="its configuration is another issuer's, or in clear")
        try:
            keys = KeySet.import_key_set(self._get(str(places[2])))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError):
            raise Unavailable(_AWAY, detail="its keys cannot be read") from None
        return _Known(str(places[0]), str(places[1]), str(places[2]), keys, time.monotonic())

    def _get(self, url: str) -> dict[str, Any]:
        from requests import RequestException

        with self._session(None) as session:
            try:
                answer = session.get(
                    url, withhold_token=True, timeout=_TIMEOUT, allow_redirects=False
                )
                found = answer.json() if answer.status_code == 200 else None
            except (RequestException, ValueError) as error:
                raise Unavailable(_AWAY, detail=type(error).__name__) from None
        if not isinstance(found, dict):
            raise Unavailable(_AWAY)
        return found

    def _session(self, redirect_uri: str | None) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        made = OAuth2Session(
            self.provider.client_id,
            self.provider.client_secret,
            # Both ways are in the standard; LinkedIn knows this one only.
            token_endpoint_auth_method="client_secret_post",  # noqa: S106
            scope=SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256" if self.provider.pkce else None,
        )
        made.trust_env = False  # no proxy, and no password out of .netrc
        made.hooks["response"].append(_bounded)
        made.stream = True
        return made


def _bounded(answer: Any, *_: object, **__: object) -> None:
    """Read an answer, and not one that does not end."""
    from requests import RequestException

    body = bytearray()
    for piece in answer.iter_content(16 * 1024):
        body += piece
        if len(body) > _LARGEST:
            answer.close()
            raise RequestException("too large")
    answer._content = bytes(body)
    answer._content_consumed = True


def _has(keys: "KeySet", kid: str) -> bool:
    return any(key.kid == kid for key in keys.keys)


def _shown(said: Mapping[str, Any]) -> Shown:
    subject, email, name = said.get("sub"), said.get("email"), said.get("name")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isprintable():
        raise OidcRefused("the provider's ID token names nobody")
    # LinkedIn has been seen to write it as text.
    verified = said.get("email_verified")
    verified = verified is True or verified == "true"
    return Shown(
        issuer=str(said["iss"]),
        subject=subject,
        email=email if isinstance(email, str) and verified else None,
        name=name if isinstance(name, str) else None,
    )
