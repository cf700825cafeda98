from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.direct_upload_create import DirectUploadCreate
from ...models.direct_upload_out import DirectUploadOut
from ...models.problem import Problem
from ...types import Response


def _request(
    *,
    body: DirectUploadCreate,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {"method": "post"}
    _kwargs["url"] = "/v1/uploads/direct"
    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> DirectUploadOut | Problem | None:
    if response.status_code == 201:
        response_201 = DirectUploadOut.from_dict(response.json())

        return response_201

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[DirectUploadOut | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    body: DirectUploadCreate,
) -> Response[DirectUploadOut | Problem]:
    """Create Direct Upload

     Announce a file, and learn where to send it; 409 where files are kept in a folder.

    Args:
        body (DirectUploadCreate): A file that is to be sent to the bucket.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[DirectUploadOut | Problem]
    """

    request = _request(
        body=body,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    *,
    client: AuthenticatedClient,
    body: DirectUploadCreate,
) -> DirectUploadOut | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    body: DirectUploadCreate,
) -> Response[DirectUploadOut | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        body=body,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: DirectUploadCreate,
) -> DirectUploadOut | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
