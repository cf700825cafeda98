from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.ended_out import EndedOut
from ...models.problem import Problem
from ...types import Response


def _request(
    asset_id: UUID,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {"method": "delete"}
    _kwargs["url"] = "/v1/assets/{asset_id}/playback".format(
        asset_id=quote(str(asset_id), safe=""),
    )

    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> EndedOut | Problem | None:
    if response.status_code == 200:
        response_200 = EndedOut.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[EndedOut | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[EndedOut | Problem]:
    """Revoke Playback

     End every signed address of the asset; says when the last of them opens nothing more.

    Args:
        asset_id (UUID):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[EndedOut | Problem]
    """

    request = _request(
        asset_id=asset_id,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
) -> EndedOut | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        asset_id=asset_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[EndedOut | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        asset_id=asset_id,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
) -> EndedOut | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            asset_id=asset_id,
            client=client,
        )
    ).parsed
