from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.fit_create import FitCreate
from ...models.problem import Problem
from ...models.run_out import RunOut
from ...types import UNSET, Response, Unset


def _request(
    asset_id: UUID,
    *,
    body: FitCreate,
    idempotency_key: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["idempotency-key"] = idempotency_key

    _kwargs: dict[str, Any] = {"method": "post"}
    _kwargs["url"] = "/v1/assets/{asset_id}/fits".format(
        asset_id=quote(str(asset_id), safe=""),
    )

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | RunOut | None:
    if response.status_code == 201:
        response_201 = RunOut.from_dict(response.json())

        return response_201

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
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
    body: FitCreate,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | RunOut]:
    """Start Fit

     Begin to make a film into a file that a network takes.

    Its run ends with a stage `fit.<network>-<placement>` and artifacts of the kind `fit`: the file,
    unless the film is taken as it is, and a report of what would have been refused and what was
    done. A film that nothing may mend is a 422 that says why.

    Args:
        asset_id (UUID):
        idempotency_key (None | str | Unset): Any string of your own, such as a UUID: within 24
            hours, a request that is repeated with its key is done once and answered the same.
        body (FitCreate): Where a film is to go, and what may be done to it for that.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | RunOut]
    """

    request = _request(
        asset_id=asset_id,
        body=body,
        idempotency_key=idempotency_key,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
    body: FitCreate,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | RunOut | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        asset_id=asset_id,
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
    body: FitCreate,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Problem | RunOut]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        asset_id=asset_id,
        body=body,
        idempotency_key=idempotency_key,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    asset_id: UUID,
    *,
    client: AuthenticatedClient,
    body: FitCreate,
    idempotency_key: None | str | Unset = UNSET,
) -> Problem | RunOut | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            asset_id=asset_id,
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
