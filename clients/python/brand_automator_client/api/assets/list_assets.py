import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.asset_page import AssetPage
from ...models.list_assets_kind_type_0 import ListAssetsKindType0
from ...models.list_assets_state_type_0 import ListAssetsStateType0
from ...models.list_assets_trashed import ListAssetsTrashed
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _request(
    *,
    kind: ListAssetsKindType0 | None | Unset = UNSET,
    state: ListAssetsStateType0 | None | Unset = UNSET,
    tag: list[str] | Unset = UNSET,
    brand_id: None | Unset | UUID = UNSET,
    q: None | str | Unset = UNSET,
    created_after: datetime.datetime | None | Unset = UNSET,
    created_before: datetime.datetime | None | Unset = UNSET,
    trashed: ListAssetsTrashed | Unset = "no",
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_kind: None | str | Unset
    if isinstance(kind, Unset):
        json_kind = UNSET
    elif isinstance(kind, str):
        json_kind = kind
    else:
        json_kind = kind
    params["kind"] = json_kind

    json_state: None | str | Unset
    if isinstance(state, Unset):
        json_state = UNSET
    elif isinstance(state, str):
        json_state = state
    else:
        json_state = state
    params["state"] = json_state

    json_tag: list[str] | Unset = UNSET
    if not isinstance(tag, Unset):
        json_tag = tag

    params["tag"] = json_tag

    json_brand_id: None | str | Unset
    if isinstance(brand_id, Unset):
        json_brand_id = UNSET
    elif isinstance(brand_id, UUID):
        json_brand_id = str(brand_id)
    else:
        json_brand_id = brand_id
    params["brand_id"] = json_brand_id

    json_q: None | str | Unset
    if isinstance(q, Unset):
        json_q = UNSET
    else:
        json_q = q
    params["q"] = json_q

    json_created_after: None | str | Unset
    if isinstance(created_after, Unset):
        json_created_after = UNSET
    elif isinstance(created_after, datetime.datetime):
        json_created_after = created_after.isoformat()
    else:
        json_created_after = created_after
    params["created_after"] = json_created_after

    json_created_before: None | str | Unset
    if isinstance(created_before, Unset):
        json_created_before = UNSET
    elif isinstance(created_before, datetime.datetime):
        json_created_before = created_before.isoformat()
    else:
        json_created_before = created_before
    params["created_before"] = json_created_before

    json_trashed: str | Unset = UNSET
    if not isinstance(trashed, Unset):
        json_trashed = trashed

    params["trashed"] = json_trashed

    params["limit"] = limit

    json_cursor: None | str | Unset
    if isinstance(cursor, Unset):
        json_cursor = UNSET
    else:
        json_cursor = cursor
    params["cursor"] = json_cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {"method": "get"}
    _kwargs["url"] = "/v1/assets"
    _kwargs["params"] = params
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> AssetPage | Problem | None:
    if response.status_code == 200:
        response_200 = AssetPage.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[AssetPage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    kind: ListAssetsKindType0 | None | Unset = UNSET,
    state: ListAssetsStateType0 | None | Unset = UNSET,
    tag: list[str] | Unset = UNSET,
    brand_id: None | Unset | UUID = UNSET,
    q: None | str | Unset = UNSET,
    created_after: datetime.datetime | None | Unset = UNSET,
    created_before: datetime.datetime | None | Unset = UNSET,
    trashed: ListAssetsTrashed | Unset = "no",
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Response[AssetPage | Problem]:
    """List Assets

     The newest assets.

    Args:
        kind (ListAssetsKindType0 | None | Unset):
        state (ListAssetsStateType0 | None | Unset):
        tag (list[str] | Unset): Once for each tag that an asset must have.
        brand_id (None | Unset | UUID):
        q (None | str | Unset): Part of the name, in capitals or not.
        created_after (datetime.datetime | None | Unset):
        created_before (datetime.datetime | None | Unset):
        trashed (ListAssetsTrashed | Unset): `only` lists the trash instead. Default: 'no'.
        limit (int | Unset): How many at most. Default: 50.
        cursor (None | str | Unset): The `next` of the part before, with the same filters.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[AssetPage | Problem]
    """

    request = _request(
        kind=kind,
        state=state,
        tag=tag,
        brand_id=brand_id,
        q=q,
        created_after=created_after,
        created_before=created_before,
        trashed=trashed,
        limit=limit,
        cursor=cursor,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    *,
    client: AuthenticatedClient,
    kind: ListAssetsKindType0 | None | Unset = UNSET,
    state: ListAssetsStateType0 | None | Unset = UNSET,
    tag: list[str] | Unset = UNSET,
    brand_id: None | Unset | UUID = UNSET,
    q: None | str | Unset = UNSET,
    created_after: datetime.datetime | None | Unset = UNSET,
    created_before: datetime.datetime | None | Unset = UNSET,
    trashed: ListAssetsTrashed | Unset = "no",
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> AssetPage | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        client=client,
        kind=kind,
        state=state,
        tag=tag,
        brand_id=brand_id,
        q=q,
        created_after=created_after,
        created_before=created_before,
        trashed=trashed,
        limit=limit,
        cursor=cursor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    kind: ListAssetsKindType0 | None | Unset = UNSET,
    state: ListAssetsStateType0 | None | Unset = UNSET,
    tag: list[str] | Unset = UNSET,
    brand_id: None | Unset | UUID = UNSET,
    q: None | str | Unset = UNSET,
    created_after: datetime.datetime | None | Unset = UNSET,
    created_before: datetime.datetime | None | Unset = UNSET,
    trashed: ListAssetsTrashed | Unset = "no",
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Response[AssetPage | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        kind=kind,
        state=state,
        tag=tag,
        brand_id=brand_id,
        q=q,
        created_after=created_after,
        created_before=created_before,
        trashed=trashed,
        limit=limit,
        cursor=cursor,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    *,
    client: AuthenticatedClient,
    kind: ListAssetsKindType0 | None | Unset = UNSET,
    state: ListAssetsStateType0 | None | Unset = UNSET,
    tag: list[str] | Unset = UNSET,
    brand_id: None | Unset | UUID = UNSET,
    q: None | str | Unset = UNSET,
    created_after: datetime.datetime | None | Unset = UNSET,
    created_before: datetime.datetime | None | Unset = UNSET,
    trashed: ListAssetsTrashed | Unset = "no",
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> AssetPage | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            client=client,
            kind=kind,
            state=state,
            tag=tag,
            brand_id=brand_id,
            q=q,
            created_after=created_after,
            created_before=created_before,
            trashed=trashed,
            limit=limit,
            cursor=cursor,
        )
    ).parsed
