from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.start_oidc_provider import StartOidcProvider
from ...types import UNSET, Response, Unset


def _request(
    provider: StartOidcProvider,
    *,
    return_to: str | Unset = "/",
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["return_to"] = return_to

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {"method": "get"}
    _kwargs["url"] = "/v1/oidc/{provider}/start".format(
        provider=quote(str(provider), safe=""),
    )

    _kwargs["params"] = params
    return _kwargs


def _read(client: AuthenticatedClient | Client, response: httpx.Response) -> Any | Problem | None:
    if response.status_code == 302:
        response_302 = cast(Any, None)
        return response_302

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Any | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    provider: StartOidcProvider,
    *,
    client: AuthenticatedClient | Client,
    return_to: str | Unset = "/",
) -> Response[Any | Problem]:
    """Start Oidc

     Send a browser to the provider; `return_to` is the page that it comes back to.

    That page is a path here, or lies on an origin of `ALLOWED_ORIGINS`.

    Args:
        provider (StartOidcProvider):
        return_to (str | Unset):  Default: '/'.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Problem]
    """

    request = _request(
        provider=provider,
        return_to=return_to,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    provider: StartOidcProvider,
    *,
    client: AuthenticatedClient | Client,
    return_to: str | Unset = "/",
) -> Any | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        provider=provider,
        client=client,
        return_to=return_to,
    ).parsed


async def asyncio_detailed(
    provider: StartOidcProvider,
    *,
    client: AuthenticatedClient | Client,
    return_to: str | Unset = "/",
) -> Response[Any | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        provider=provider,
        return_to=return_to,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    provider: StartOidcProvider,
    *,
    client: AuthenticatedClient | Client,
    return_to: str | Unset = "/",
) -> Any | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            provider=provider,
            client=client,
            return_to=return_to,
        )
    ).parsed
