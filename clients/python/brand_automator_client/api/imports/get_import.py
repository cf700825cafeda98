from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.import_out import ImportOut
from ...models.problem import Problem
from ...types import Response


def _request(
    import_id: UUID,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {"method": "get"}
    _kwargs["url"] = "/v1/imports/{import_id}".format(
        import_id=quote(str(import_id), safe=""),
    )

    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> ImportOut | Problem | None:
    if response.status_code == 200:
        response_200 = ImportOut.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ImportOut | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    import_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[ImportOut | Problem]:
    """Get Import

     An import, and how far it is.

    Args:
        import_id (UUID):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ImportOut | Problem]
    """

    request = _request(
        import_id=import_id,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    import_id: UUID,
    *,
    client: AuthenticatedClient,
) -> ImportOut | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        import_id=import_id,
        client=client,
    ).parsed


async def asyncio_detailed(
    import_id: UUID,
    *,
    client: AuthenticatedClient,
) -> Response[ImportOut | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        import_id=import_id,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    import_id: UUID,
    *,
    client: AuthenticatedClient,
) -> ImportOut | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            import_id=import_id,
            client=client,
        )
    ).parsed
