from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...types import Response


def _request(
    organisation_id: UUID,
    tenant_id: UUID,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {"method": "put"}
    _kwargs["url"] = "/v1/organisations/{organisation_id}/tenants/{tenant_id}".format(
        organisation_id=quote(str(organisation_id), safe=""),
        tenant_id=quote(str(tenant_id), safe=""),
    )

    return _kwargs


def _read(client: AuthenticatedClient | Client, response: httpx.Response) -> Any | Problem | None:
    if response.status_code == 204:
        response_204 = cast(Any, None)
        return response_204

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Any | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    organisation_id: UUID,
    tenant_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[Any | Problem]:
    """Add Organisation Tenant

     Put a tenant into it; for who owns both.

    Args:
        organisation_id (UUID):
        tenant_id (UUID):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Problem]
    """

    request = _request(
        organisation_id=organisation_id,
        tenant_id=tenant_id,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    organisation_id: UUID,
    tenant_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Any | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        organisation_id=organisation_id,
        tenant_id=tenant_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    organisation_id: UUID,
    tenant_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[Any | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        organisation_id=organisation_id,
        tenant_id=tenant_id,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    organisation_id: UUID,
    tenant_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Any | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            organisation_id=organisation_id,
            tenant_id=tenant_id,
            client=client,
        )
    ).parsed
