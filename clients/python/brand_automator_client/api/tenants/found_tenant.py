from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.membership_out import MembershipOut
from ...models.problem import Problem
from ...models.tenant_in import TenantIn
from ...types import UNSET, Response, Unset


def _request(
    *,
    body: TenantIn,
    idempotency_key: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(idempotency_key, Unset):
        headers["idempotency-key"] = idempotency_key

    _kwargs: dict[str, Any] = {"method": "post"}
    _kwargs["url"] = "/v1/tenants"
    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> MembershipOut | Problem | None:
    if response.status_code == 201:
        response_201 = MembershipOut.from_dict(response.json())

        return response_201

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[MembershipOut | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: TenantIn,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[MembershipOut | Problem]:
    """Found Tenant

     Another tenant, of which one is the owner. It is there at once, or `creating` for a moment.

    A session goes on in it after `PUT /v1/sessions/current/tenant`.

    Args:
        idempotency_key (None | str | Unset): Any string of your own, such as a UUID: within 24
            hours, a request that is repeated with its key is done once and answered the same.
        body (TenantIn): Another tenant, of which whoever asks is the owner.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[MembershipOut | Problem]
    """

    request = _request(
        body=body,
        idempotency_key=idempotency_key,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    *,
    client: AuthenticatedClient,
    body: TenantIn,
    idempotency_key: None | str | Unset = UNSET,
) -> MembershipOut | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        client=client,
        body=body,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: TenantIn,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[MembershipOut | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        body=body,
        idempotency_key=idempotency_key,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: TenantIn,
    idempotency_key: None | str | Unset = UNSET,
) -> MembershipOut | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            client=client,
            body=body,
            idempotency_key=idempotency_key,
        )
    ).parsed
