from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.publication_out import PublicationOut
from ...types import Response


def _request(
    asset_id: UUID,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {"method": "put"}
    _kwargs["url"] = "/v1/assets/{asset_id}/publication".format(
        asset_id=quote(str(asset_id), safe=""),
    )

    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | PublicationOut | None:
    if response.status_code == 200:
        response_200 = PublicationOut.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | PublicationOut]:
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
) -> Response[Problem | PublicationOut]:
    """Publish Asset

     Show the asset to everybody, at an address that stays the same when it is processed again.

    An asset that is published already keeps its address.

    Args:
        asset_id (UUID):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | PublicationOut]
    """

    request = _request(
        asset_id=asset_id,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Problem | PublicationOut | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        asset_id=asset_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[Problem | PublicationOut]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        asset_id=asset_id,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Problem | PublicationOut | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            asset_id=asset_id,
            client=client,
        )
    ).parsed
