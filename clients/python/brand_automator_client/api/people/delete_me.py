from http import HTTPStatus
from typing import Any, cast

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.delete_in import DeleteIn
from ...models.problem import Problem
from ...types import Response


def _request(
    *,
    body: DeleteIn,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {"method": "post"}
    _kwargs["url"] = "/v1/me/delete"
    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
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
    *,
    client: AuthenticatedClient,
    body: DeleteIn,
) -> Response[Any | Problem]:
    """Delete Me

     Forget the person, with all sessions and memberships. There is no way back.

    Who is a tenant's only owner hands it on, or deletes it, first.

    Args:
        body (DeleteIn): Proof that it is the account's owner who wants it gone; see `AddressIn`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Problem]
    """

    request = _request(
        body=body,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    *,
    client: AuthenticatedClient,
    body: DeleteIn,
) -> Any | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: DeleteIn,
) -> Response[Any | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        body=body,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: DeleteIn,
) -> Any | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
