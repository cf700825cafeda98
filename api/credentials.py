"""How a request shows who asks: a bearer's token, or a browser's cookie.

A cookie comes along whether or not its owner meant it: with one, what changes something must come
from a page of ours, as browsers say by Sec-Fetch-Site and Origin.
"""

from typing import Final
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.security import APIKeyCookie, HTTPBearer

from core.errors import Forbidden
from core.settings import Settings
from services.access_tokens import LIFE_SECONDS, Issued
from services.challenges import LIFE_SECONDS as CHALLENGE_SECONDS
from services.sessions import LIFE, Opened

ACCESS: Final = "automator_access"
REFRESH: Final = "automator_refresh"
_BEGUN: Final = "automator_begun"
REFRESH_PATH: Final = "/v1/sessions"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")

bearer: Final = HTTPBearer(
    auto_error=False,
    description="An access token, an API key, or the token that `automator up` prints.",
)
cookie: Final = APIKeyCookie(
    name=f"__Host-{ACCESS}",
    auto_error=False,
    description="An access token, as browsers have it after signing in.",
)


def is_secure(settings: Settings) -> bool:
    """Whether browsers reach this by https; only a machine's own run is without."""
    return settings.public_url is not None and settings.public_url.startswith("https:")


def access_cookie(settings: Settings) -> str:
    """The name of the cookie that holds the access token."""
    return f"__Host-{ACCESS}" if is_secure(settings) else ACCESS


def refresh_cookie(settings: Settings) -> str:
    """The name of the cookie that holds the refresh token."""
    return f"__Secure-{REFRESH}" if is_secure(settings) else REFRESH


def give(response: Response, settings: Settings, opened: Opened, issued: Issued) -> None:
    """Have a browser keep the tokens where no script can read them."""
    secure = is_secure(settings)
    response.set_cookie(
        access_cookie(settings),
        issued.token,
        max_age=LIFE_SECONDS,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
    response.set_cookie(
        refresh_cookie(settings),
        opened.refresh_token,
        max_age=int(LIFE.total_seconds()),
        path=REFRESH_PATH,
        secure=secure,
        httponly=True,
        samesite="strict",
    )


def take(response: Response, settings: Settings) -> None:
    """Have a browser forget them."""
    secure = is_secure(settings)
    for name, path in ((access_cookie(settings), "/"), (refresh_cookie(settings), REFRESH_PATH)):
        response.delete_cookie(name, path=path, secure=secure, httponly=True)


def begun_cookie(settings: Settings) -> str:
    """The name of the cookie that holds what a browser has begun with a provider."""
    return f"__Host-{_BEGUN}" if is_secure(settings) else _BEGUN


def give_begun(response: Response, settings: Settings, kept: str) -> None:
    """Have a browser keep what it has begun; it comes back from another site."""
    response.set_cookie(
        begun_cookie(settings),
        kept,
        max_age=CHALLENGE_SECONDS,
        path="/",
        secure=is_secure(settings),
        httponly=True,
        samesite="lax",
    )


def take_begun(response: Response, settings: Settings) -> None:
    """Have a browser forget it."""
    secure = is_secure(settings)
    response.delete_cookie(begun_cookie(settings), path="/", secure=secure, httponly=True)


def require_own_page(request: Request, settings: Settings) -> None:
    """Raise Forbidden where a page that is not ours has a browser change something."""
    if request.method in _SAFE:
        return
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if origin is not None and origin in settings.allowed_origins:
        return
    if site is not None:
        ours = site in ("same-origin", "none")
    else:
        ours = origin is not None and urlsplit(origin).netloc == request.headers.get("host")
    if not ours:
        raise Forbidden("with a cookie, only pages of this origin may change anything")
