from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.asset_out import AssetOut
from ...models.asset_patch import AssetPatch
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _request(
    asset_id: UUID,
    *,
    body: AssetPatch,
    if_match: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["if-match"] = if_match

    _kwargs: dict[str, Any] = {"method": "patch"}
    _kwargs["url"] = "/v1/assets/{asset_id}".format(
        asset_id=quote(str(asset_id), safe=""),
    )

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> AssetOut | Problem | None:
    if response.status_code == 200:
        response_200 = AssetOut.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[AssetOut | Problem]:
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
    body: AssetPatch,
    if_match: None | str | Unset = UNSET,
) -> Response[AssetOut | Problem]:
    """Change Asset

     Rename or tag an asset, or move it to another brand (RFC 7396). If-Match is required.

    Args:
        asset_id (UUID):
        if_match (None | str | Unset): An ETag, or `*`.
        body (AssetPatch): What is to change (RFC 7396): what is left out stays, and null takes
            the tags away.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AssetOut | Problem]
    """

    request = _request(
        asset_id=asset_id,
        body=body,
        if_match=if_match,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
    body: AssetPatch,
    if_match: None | str | Unset = UNSET,
) -> AssetOut | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        asset_id=asset_id,
        client=client,
        body=body,
        if_match=if_match,
    ).parsed


async def asyncio_detailed(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
    body: AssetPatch,
    if_match: None | str | Unset = UNSET,
) -> Response[AssetOut | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        asset_id=asset_id,
        body=body,
        if_match=if_match,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
    body: AssetPatch,
    if_match: None | str | Unset = UNSET,
) -> AssetOut | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            asset_id=asset_id,
            client=client,
            body=body,
            if_match=if_match,
        )
    ).parsed
