from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.brand_kit_out import BrandKitOut
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _request(
    brand_id: UUID,
    *,
    if_none_match: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_none_match, Unset):
        headers["if-none-match"] = if_none_match

    _kwargs: dict[str, Any] = {"method": "get"}
    _kwargs["url"] = "/v1/brands/{brand_id}/kit".format(
        brand_id=quote(str(brand_id), safe=""),
    )

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | BrandKitOut | Problem | None:
    if response.status_code == 200:
        response_200 = BrandKitOut.from_dict(response.json())

        return response_200

    if response.status_code == 304:
        response_304 = cast(Any, None)
        return response_304

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Any | BrandKitOut | Problem]:
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
    if_none_match: None | str | Unset = UNSET,
) -> Response[Any | BrandKitOut | Problem]:
    """Get Brand Kit

     What a brand says of itself; of one that has said nothing, an empty kit at version 0.

    Args:
        brand_id (UUID):
        if_none_match (None | str | Unset): An ETag that is known.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | BrandKitOut | Problem]
    """

    request = _request(
        brand_id=brand_id,
        if_none_match=if_none_match,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    brand_id: UUID,
    *,
    client: AuthenticatedClient,
    if_none_match: None | str | Unset = UNSET,
) -> Any | BrandKitOut | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        brand_id=brand_id,
        client=client,
        if_none_match=if_none_match,
    ).parsed


async def asyncio_detailed(
    brand_id: UUID,
    *,
    client: AuthenticatedClient,
    if_none_match: None | str | Unset = UNSET,
) -> Response[Any | BrandKitOut | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        brand_id=brand_id,
        if_none_match=if_none_match,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    brand_id: UUID,
    *,
    client: AuthenticatedClient,
    if_none_match: None | str | Unset = UNSET,
) -> Any | BrandKitOut | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            brand_id=brand_id,
            client=client,
            if_none_match=if_none_match,
        )
    ).parsed
