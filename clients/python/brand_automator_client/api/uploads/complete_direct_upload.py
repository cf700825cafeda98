from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.direct_upload_end import DirectUploadEnd
from ...models.problem import Problem
from ...models.upload_out import UploadOut
from ...types import UNSET, Response, Unset


def _request(
    upload_id: UUID,
    *,
    body: DirectUploadEnd | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {"method": "post"}
    _kwargs["url"] = "/v1/uploads/{upload_id}/complete".format(
        upload_id=quote(str(upload_id), safe=""),
    )

    if not isinstance(body, Unset):
        _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | UploadOut | None:
    if response.status_code == 200:
        response_200 = UploadOut.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | UploadOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    upload_id: UUID,
    *,
    client: AuthenticatedClient,
    body: DirectUploadEnd | Unset = UNSET,
) -> Response[Problem | UploadOut]:
    """Complete Direct Upload

     Make an asset with a run of what has come, once it is whole; again, it is the same.

    Bytes that are not those which were announced end the upload, and nothing of it stays.

    Args:
        upload_id (UUID):
        body (DirectUploadEnd | Unset): What was sent; what is said here is held against what has
            come.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | UploadOut]
    """

    request = _request(
        upload_id=upload_id,
        body=body,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    upload_id: UUID,
    *,
    client: AuthenticatedClient,
    body: DirectUploadEnd | Unset = UNSET,
) -> Problem | UploadOut | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        upload_id=upload_id,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    upload_id: UUID,
    *,
    client: AuthenticatedClient,
    body: DirectUploadEnd | Unset = UNSET,
) -> Response[Problem | UploadOut]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        upload_id=upload_id,
        body=body,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    upload_id: UUID,
    *,
    client: AuthenticatedClient,
    body: DirectUploadEnd | Unset = UNSET,
) -> Problem | UploadOut | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            upload_id=upload_id,
            client=client,
            body=body,
        )
    ).parsed
