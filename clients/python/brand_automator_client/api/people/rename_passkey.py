from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.passkey_name_in import PasskeyNameIn
from ...models.passkey_out import PasskeyOut
from ...models.problem import Problem
from ...types import Response


def _request(
    passkey_id: UUID,
    *,
    body: PasskeyNameIn,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {"method": "patch"}
    _kwargs["url"] = "/v1/me/passkeys/{passkey_id}".format(
        passkey_id=quote(str(passkey_id), safe=""),
    )

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> PasskeyOut | Problem | None:
    if response.status_code == 200:
        response_200 = PasskeyOut.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[PasskeyOut | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    passkey_id: UUID,
    *,
    client: AuthenticatedClient,
    body: PasskeyNameIn,
) -> Response[PasskeyOut | Problem]:
    """Rename Passkey

     Another name.

    Args:
        passkey_id (UUID):
        body (PasskeyNameIn): Another name.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[PasskeyOut | Problem]
    """

    request = _request(
        passkey_id=passkey_id,
        body=body,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    passkey_id: UUID,
    *,
    client: AuthenticatedClient,
    body: PasskeyNameIn,
) -> PasskeyOut | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        passkey_id=passkey_id,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    passkey_id: UUID,
    *,
    client: AuthenticatedClient,
    body: PasskeyNameIn,
) -> Response[PasskeyOut | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        passkey_id=passkey_id,
        body=body,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    passkey_id: UUID,
    *,
    client: AuthenticatedClient,
    body: PasskeyNameIn,
) -> PasskeyOut | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            passkey_id=passkey_id,
            client=client,
            body=body,
        )
    ).parsed
