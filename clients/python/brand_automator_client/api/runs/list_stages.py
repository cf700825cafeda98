from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.stage_list import StageList
from ...types import Response


def _request(
    run_id: UUID,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {"method": "get"}
    _kwargs["url"] = "/v1/runs/{run_id}/stages".format(
        run_id=quote(str(run_id), safe=""),
    )

    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | StageList | None:
    if response.status_code == 200:
        response_200 = StageList.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | StageList]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    run_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[Problem | StageList]:
    """List Stages

     A run's stages, all of them, in the order in which they were planned.

    Args:
        run_id (UUID):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | StageList]
    """

    request = _request(
        run_id=run_id,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    run_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Problem | StageList | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        run_id=run_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    run_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[Problem | StageList]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        run_id=run_id,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    run_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Problem | StageList | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            run_id=run_id,
            client=client,
        )
    ).parsed
