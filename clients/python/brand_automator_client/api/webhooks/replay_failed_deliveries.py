from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.replay_since import ReplaySince
from ...models.replayed_out import ReplayedOut
from ...types import UNSET, Response, Unset


def _request(
    webhook_id: UUID,
    *,
    body: ReplaySince,
    idempotency_key: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["idempotency-key"] = idempotency_key

    _kwargs: dict[str, Any] = {"method": "post"}
    _kwargs["url"] = "/v1/webhooks/{webhook_id}/replay".format(
        webhook_id=quote(str(webhook_id), safe=""),
    )

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | ReplayedOut | None:
    if response.status_code == 202:
        response_202 = ReplayedOut.from_dict(response.json())

        return response_202

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | ReplayedOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    webhook_id: UUID,
    *,
    client: AuthenticatedClient,
    body: ReplaySince,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | ReplayedOut]:
    """Replay Failed Deliveries

     Have everything sent again that failed since a moment.

    Args:
        webhook_id (UUID):
        idempotency_key (None | str | Unset): Any string of your own, such as a UUID: within 24
            hours, a request that is repeated with its key is done once and answered the same.
        body (ReplaySince): Which failed deliveries are to be made again.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ReplayedOut]
    """

    request = _request(
        webhook_id=webhook_id,
        body=body,
        idempotency_key=idempotency_key,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    webhook_id: UUID,
    *,
    client: AuthenticatedClient,
    body: ReplaySince,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | ReplayedOut | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        webhook_id=webhook_id,
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    webhook_id: UUID,
    *,
    client: AuthenticatedClient,
    body: ReplaySince,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | ReplayedOut]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        webhook_id=webhook_id,
        body=body,
        idempotency_key=idempotency_key,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    webhook_id: UUID,
    *,
    client: AuthenticatedClient,
    body: ReplaySince,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | ReplayedOut | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            webhook_id=webhook_id,
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
