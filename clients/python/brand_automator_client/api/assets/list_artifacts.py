from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.artifact_page import ArtifactPage
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _request(
    asset_id: UUID,
    *,
    kind: None | str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_kind: None | str | Unset
    if isinstance(kind, Unset):
        json_kind = UNSET
    else:
        json_kind = kind
    params["kind"] = json_kind

    params["limit"] = limit

    json_cursor: None | str | Unset
    if isinstance(cursor, Unset):
        json_cursor = UNSET
    else:
        json_cursor = cursor
    params["cursor"] = json_cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {"method": "get"}
    _kwargs["url"] = "/v1/assets/{asset_id}/artifacts".format(
        asset_id=quote(str(asset_id), safe=""),
    )

    _kwargs["params"] = params
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> ArtifactPage | Problem | None:
    if response.status_code == 200:
        response_200 = ArtifactPage.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ArtifactPage | Problem]:
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
    kind: None | str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Response[ArtifactPage | Problem]:
    """List Artifacts

     What was made of an asset, by path; without what has been superseded.

    Args:
        asset_id (UUID):
        kind (None | str | Unset):
        limit (int | Unset): How many at most. Default: 50.
        cursor (None | str | Unset): The `next` of the part before, with the same filters.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ArtifactPage | Problem]
    """

    request = _request(
        asset_id=asset_id,
        kind=kind,
        limit=limit,
        cursor=cursor,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
    kind: None | str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> ArtifactPage | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        asset_id=asset_id,
        client=client,
        kind=kind,
        limit=limit,
        cursor=cursor,
    ).parsed


async def asyncio_detailed(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
    kind: None | str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Response[ArtifactPage | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        asset_id=asset_id,
        kind=kind,
        limit=limit,
        cursor=cursor,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
    kind: None | str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> ArtifactPage | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            asset_id=asset_id,
            client=client,
            kind=kind,
            limit=limit,
            cursor=cursor,
        )
    ).parsed
