from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.asset_created import AssetCreated
from ...models.problem import Problem
from ...types import UNSET, File, Response, Unset


def _request(
    *,
    body: File,
    name: str,
    recipe: None | str | Unset = UNSET,
    brand_id: None | Unset | UUID = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    params: dict[str, Any] = {}

    params["name"] = name

    json_recipe: None | str | Unset
    if isinstance(recipe, Unset):
        json_recipe = UNSET
    else:
        json_recipe = recipe
    params["recipe"] = json_recipe

    json_brand_id: None | str | Unset
    if isinstance(brand_id, Unset):
        json_brand_id = UNSET
    elif isinstance(brand_id, UUID):
        json_brand_id = str(brand_id)
    else:
        json_brand_id = brand_id
    params["brand_id"] = json_brand_id

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {"method": "post"}
    _kwargs["url"] = "/v1/assets"
    _kwargs["params"] = params
    _kwargs["content"] = body.payload

    headers["Content-Type"] = "application/octet-stream"

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> AssetCreated | Problem | None:
    if response.status_code == 201:
        response_201 = AssetCreated.from_dict(response.json())

        return response_201

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[AssetCreated | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: File,
    name: str,
    recipe: None | str | Unset = UNSET,
    brand_id: None | Unset | UUID = UNSET,
) -> Response[AssetCreated | Problem]:
    """Create Asset

     Store the request's body as an asset and start a recipe on it.

    Args:
        name (str):
        recipe (None | str | Unset):
        brand_id (None | Unset | UUID): Else the default one.
        body (File):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AssetCreated | Problem]
    """

    request = _request(
        body=body,
        name=name,
        recipe=recipe,
        brand_id=brand_id,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    *,
    client: AuthenticatedClient,
    body: File,
    name: str,
    recipe: None | str | Unset = UNSET,
    brand_id: None | Unset | UUID = UNSET,
) -> AssetCreated | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        client=client,
        body=body,
        name=name,
        recipe=recipe,
        brand_id=brand_id,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: File,
    name: str,
    recipe: None | str | Unset = UNSET,
    brand_id: None | Unset | UUID = UNSET,
) -> Response[AssetCreated | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        body=body,
        name=name,
        recipe=recipe,
        brand_id=brand_id,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: File,
    name: str,
    recipe: None | str | Unset = UNSET,
    brand_id: None | Unset | UUID = UNSET,
) -> AssetCreated | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            client=client,
            body=body,
            name=name,
            recipe=recipe,
            brand_id=brand_id,
        )
    ).parsed
