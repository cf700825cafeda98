from http import HTTPStatus
from typing import Any
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.list_runs_state_type_0 import ListRunsStateType0
from ...models.problem import Problem
from ...models.run_page import RunPage
from ...types import UNSET, Response, Unset


def _request(
    *,
    state: ListRunsStateType0 | None | Unset = UNSET,
    asset: None | Unset | UUID = UNSET,
    recipe: None | str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_state: None | str | Unset
    if isinstance(state, Unset):
        json_state = UNSET
    elif isinstance(state, str):
        json_state = state
    else:
        json_state = state
    params["state"] = json_state

    json_asset: None | str | Unset
    if isinstance(asset, Unset):
        json_asset = UNSET
    elif isinstance(asset, UUID):
        json_asset = str(asset)
    else:
        json_asset = asset
    params["asset"] = json_asset

    json_recipe: None | str | Unset
    if isinstance(recipe, Unset):
        json_recipe = UNSET
    else:
        json_recipe = recipe
    params["recipe"] = json_recipe

    params["limit"] = limit

    json_cursor: None | str | Unset
    if isinstance(cursor, Unset):
        json_cursor = UNSET
    else:
        json_cursor = cursor
    params["cursor"] = json_cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {"method": "get"}
    _kwargs["url"] = "/v1/runs"
    _kwargs["params"] = params
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | RunPage | None:
    if response.status_code == 200:
        response_200 = RunPage.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | RunPage]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    state: ListRunsStateType0 | None | Unset = UNSET,
    asset: None | Unset | UUID = UNSET,
    recipe: None | str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Response[Problem | RunPage]:
    """List Runs

     The newest runs.

    Args:
        state (ListRunsStateType0 | None | Unset):
        asset (None | Unset | UUID):
        recipe (None | str | Unset):
        limit (int | Unset): How many at most. Default: 50.
        cursor (None | str | Unset): The `next` of the part before, with the same filters.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | RunPage]
    """

    request = _request(
        state=state,
        asset=asset,
        recipe=recipe,
        limit=limit,
        cursor=cursor,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    *,
    client: AuthenticatedClient,
    state: ListRunsStateType0 | None | Unset = UNSET,
    asset: None | Unset | UUID = UNSET,
    recipe: None | str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Problem | RunPage | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        client=client,
        state=state,
        asset=asset,
        recipe=recipe,
        limit=limit,
        cursor=cursor,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    state: ListRunsStateType0 | None | Unset = UNSET,
    asset: None | Unset | UUID = UNSET,
    recipe: None | str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Response[Problem | RunPage]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        state=state,
        asset=asset,
        recipe=recipe,
        limit=limit,
        cursor=cursor,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    *,
    client: AuthenticatedClient,
    state: ListRunsStateType0 | None | Unset = UNSET,
    asset: None | Unset | UUID = UNSET,
    recipe: None | str | Unset = UNSET,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Problem | RunPage | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            client=client,
            state=state,
            asset=asset,
            recipe=recipe,
            limit=limit,
            cursor=cursor,
        )
    ).parsed
