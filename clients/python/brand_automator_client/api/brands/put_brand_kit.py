from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.brand_kit_out import BrandKitOut
from ...models.brand_kit_put import BrandKitPut
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _request(
    brand_id: UUID,
    *,
    body: BrandKitPut,
    if_match: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["if-match"] = if_match

    _kwargs: dict[str, Any] = {"method": "put"}
    _kwargs["url"] = "/v1/brands/{brand_id}/kit".format(
        brand_id=quote(str(brand_id), safe=""),
    )

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> BrandKitOut | Problem | None:
    if response.status_code == 200:
        response_200 = BrandKitOut.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[BrandKitOut | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    brand_id: UUID,
    *,
    client: AuthenticatedClient,
    body: BrandKitPut,
    if_match: None | str | Unset = UNSET,
) -> Response[BrandKitOut | Problem]:
    """Put Brand Kit

     Keep another kit in the place of the one that was. If-Match is required.

    Args:
        brand_id (UUID):
        if_match (None | str | Unset): An ETag, or `*`.
        body (BrandKitPut): All that is said of a brand; what is left out is said no more.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[BrandKitOut | Problem]
    """

    request = _request(
        brand_id=brand_id,
        body=body,
        if_match=if_match,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    brand_id: UUID,
    *,
    client: AuthenticatedClient,
    body: BrandKitPut,
    if_match: None | str | Unset = UNSET,
) -> BrandKitOut | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        brand_id=brand_id,
        client=client,
        body=body,
        if_match=if_match,
    ).parsed


async def asyncio_detailed(
    brand_id: UUID,
    *,
    client: AuthenticatedClient,
    body: BrandKitPut,
    if_match: None | str | Unset = UNSET,
) -> Response[BrandKitOut | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        brand_id=brand_id,
        body=body,
        if_match=if_match,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    brand_id: UUID,
    *,
    client: AuthenticatedClient,
    body: BrandKitPut,
    if_match: None | str | Unset = UNSET,
) -> BrandKitOut | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            brand_id=brand_id,
            client=client,
            body=body,
            if_match=if_match,
        )
    ).parsed
