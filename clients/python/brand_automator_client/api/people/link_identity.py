from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.link_identity_provider import LinkIdentityProvider
from ...models.link_in import LinkIn
from ...models.link_out import LinkOut
from ...models.problem import Problem
from ...types import Response


def _request(
    provider: LinkIdentityProvider,
    *,
    body: LinkIn,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {"method": "post"}
    _kwargs["url"] = "/v1/me/identities/{provider}".format(
        provider=quote(str(provider), safe=""),
    )

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> LinkOut | Problem | None:
    if response.status_code == 200:
        response_200 = LinkOut.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[LinkOut | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    provider: LinkIdentityProvider,
    *,
    client: AuthenticatedClient,
    body: LinkIn,
) -> Response[LinkOut | Problem]:
    """Link Identity

     Begin to link another: the browser that asks goes to `location` within five minutes.

    Args:
        provider (LinkIdentityProvider):
        body (LinkIn): Proof that it is the account's owner, and the page to come back to.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[LinkOut | Problem]
    """

    request = _request(
        provider=provider,
        body=body,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    provider: LinkIdentityProvider,
    *,
    client: AuthenticatedClient,
    body: LinkIn,
) -> LinkOut | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        provider=provider,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    provider: LinkIdentityProvider,
    *,
    client: AuthenticatedClient,
    body: LinkIn,
) -> Response[LinkOut | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        provider=provider,
        body=body,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    provider: LinkIdentityProvider,
    *,
    client: AuthenticatedClient,
    body: LinkIn,
) -> LinkOut | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            provider=provider,
            client=client,
            body=body,
        )
    ).parsed
