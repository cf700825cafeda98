from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.remove_upload_tus_resumable import (
    RemoveUploadTusResumable,
)
from ...types import UNSET, Response, Unset


def _request(
    upload_id: UUID,
    *,
    tus_resumable: RemoveUploadTusResumable | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(tus_resumable, Unset):
        headers["tus-resumable"] = str(tus_resumable)

    _kwargs: dict[str, Any] = {"method": "delete"}
    _kwargs["url"] = "/v1/uploads/{upload_id}".format(
        upload_id=quote(str(upload_id), safe=""),
    )

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
    upload_id: UUID,
    *,
    client: AuthenticatedClient,
    tus_resumable: RemoveUploadTusResumable | Unset = UNSET,
) -> Response[Any | Problem]:
    """Remove Upload

     Forget an upload and its bytes.

    Args:
        upload_id (UUID):
        tus_resumable (RemoveUploadTusResumable | Unset):

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Problem]
    """

    request = _request(
        upload_id=upload_id,
        tus_resumable=tus_resumable,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    upload_id: UUID,
    *,
    client: AuthenticatedClient,
    tus_resumable: RemoveUploadTusResumable | Unset = UNSET,
) -> Any | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        upload_id=upload_id,
        client=client,
        tus_resumable=tus_resumable,
    ).parsed


async def asyncio_detailed(
    upload_id: UUID,
    *,
    client: AuthenticatedClient,
    tus_resumable: RemoveUploadTusResumable | Unset = UNSET,
) -> Response[Any | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        upload_id=upload_id,
        tus_resumable=tus_resumable,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    upload_id: UUID,
    *,
    client: AuthenticatedClient,
    tus_resumable: RemoveUploadTusResumable | Unset = UNSET,
) -> Any | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            upload_id=upload_id,
            client=client,
            tus_resumable=tus_resumable,
        )
    ).parsed
