from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.stage_out import StageOut
from ...types import Response


def _request(
    run_id: UUID,
    name: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {"method": "get"}
    _kwargs["url"] = "/v1/runs/{run_id}/stages/{name}".format(
        run_id=quote(str(run_id), safe=""),
        name=quote(str(name), safe=""),
    )

    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | StageOut | None:
    if response.status_code == 200:
        response_200 = StageOut.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | StageOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    run_id: UUID,
    name: str,
    *,
    client: AuthenticatedClient,
) -> Response[Problem | StageOut]:
    """Get Stage

     One stage of a run.

    Args:
        run_id (UUID):
        name (str):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | StageOut]
    """

    request = _request(
        run_id=run_id,
        name=name,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    run_id: UUID,
    name: str,
    *,
    client: AuthenticatedClient,
) -> Problem | StageOut | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        run_id=run_id,
        name=name,
        client=client,
    ).parsed


async def asyncio_detailed(
    run_id: UUID,
    name: str,
    *,
    client: AuthenticatedClient,
) -> Response[Problem | StageOut]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        run_id=run_id,
        name=name,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    run_id: UUID,
    name: str,
    *,
    client: AuthenticatedClient,
) -> Problem | StageOut | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            run_id=run_id,
            name=name,
            client=client,
        )
    ).parsed
