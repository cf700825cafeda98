from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.providers_out import ProvidersOut
from ...types import Response


def _request() -> dict[str, Any]:

    _kwargs: dict[str, Any] = {"method": "get"}
    _kwargs["url"] = "/v1/oidc/providers"
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | ProvidersOut | None:
    if response.status_code == 200:
        response_200 = ProvidersOut.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | ProvidersOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[Problem | ProvidersOut]:
    """List Providers

     With whom people sign in here.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ProvidersOut]
    """

    request = _request()
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    *,
    client: AuthenticatedClient | Client,
) -> Problem | ProvidersOut | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        client=client,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
) -> Response[Problem | ProvidersOut]:
    """As `sync_detailed`, and asynchronous."""
    request = _request()
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
) -> Problem | ProvidersOut | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            client=client,
        )
    ).parsed
