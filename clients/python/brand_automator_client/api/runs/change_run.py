from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.run_out import RunOut
from ...models.run_patch import RunPatch
from ...types import Response


def _request(
    run_id: UUID,
    *,
    body: RunPatch,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {"method": "patch"}
    _kwargs["url"] = "/v1/runs/{run_id}".format(
        run_id=quote(str(run_id), safe=""),
    )

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | RunOut | None:
    if response.status_code == 200:
        response_200 = RunOut.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | RunOut]:
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
    body: RunPatch,
) -> Response[Problem | RunOut]:
    """Change Run

     Give a run, and whatever of it is not done, another priority.

    It takes no If-Match: the one thing that can be changed is set, not derived from what was seen.

    Args:
        run_id (UUID):
        body (RunPatch): What is to change of a run (RFC 7396).

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | RunOut]
    """

    request = _request(
        run_id=run_id,
        body=body,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    run_id: UUID,
    *,
    client: AuthenticatedClient,
    body: RunPatch,
) -> Problem | RunOut | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        run_id=run_id,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    run_id: UUID,
    *,
    client: AuthenticatedClient,
    body: RunPatch,
) -> Response[Problem | RunOut]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        run_id=run_id,
        body=body,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    run_id: UUID,
    *,
    client: AuthenticatedClient,
    body: RunPatch,
) -> Problem | RunOut | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            run_id=run_id,
            client=client,
            body=body,
        )
    ).parsed
