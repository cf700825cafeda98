from http import HTTPStatus
from typing import Any, cast

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.create_upload_tus_resumable import (
    CreateUploadTusResumable,
)
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _request(
    *,
    upload_length: int,
    upload_metadata: str | Unset = "",
    content_type: str | Unset = "",
    tus_resumable: CreateUploadTusResumable | Unset = UNSET,
    upload_checksum: None | str | Unset = UNSET,
    idempotency_key: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    headers["upload-length"] = str(upload_length)

    if not isinstance(upload_metadata, Unset):
        headers["upload-metadata"] = upload_metadata

    if not isinstance(content_type, Unset):
        headers["content-type"] = content_type

    if not isinstance(tus_resumable, Unset):
        headers["tus-resumable"] = str(tus_resumable)

    if not isinstance(upload_checksum, Unset):
        headers["upload-checksum"] = upload_checksum

    if not isinstance(idempotency_key, Unset):
        headers["idempotency-key"] = idempotency_key

    _kwargs: dict[str, Any] = {"method": "post"}
    _kwargs["url"] = "/v1/uploads"
    _kwargs["headers"] = headers
    return _kwargs


def _read(client: AuthenticatedClient | Client, response: httpx.Response) -> Any | Problem | None:
    if response.status_code == 201:
        response_201 = cast(Any, None)
        return response_201

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
    upload_length: int,
    upload_metadata: str | Unset = "",
    content_type: str | Unset = "",
    tus_resumable: CreateUploadTusResumable | Unset = UNSET,
    upload_checksum: None | str | Unset = UNSET,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Any | Problem]:
    """Create Upload

     Announce a file, and send as much of it as there is in the same request.

    Repeated with its Idempotency-Key, it is the same upload; what has come of it, HEAD tells.

    Args:
        upload_length (int):
        upload_metadata (str | Unset):  Default: ''.
        content_type (str | Unset):  Default: ''.
        tus_resumable (CreateUploadTusResumable | Unset):
        upload_checksum (None | str | Unset): An algorithm and the body's digest in base64.
        idempotency_key (None | str | Unset): Any string of your own, such as a UUID: within 24
            hours, a request that is repeated with its key is done once and answered the same.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | Problem]
    """

    request = _request(
        upload_length=upload_length,
        upload_metadata=upload_metadata,
        content_type=content_type,
        tus_resumable=tus_resumable,
        upload_checksum=upload_checksum,
        idempotency_key=idempotency_key,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    *,
    client: AuthenticatedClient,
    upload_length: int,
    upload_metadata: str | Unset = "",
    content_type: str | Unset = "",
    tus_resumable: CreateUploadTusResumable | Unset = UNSET,
    upload_checksum: None | str | Unset = UNSET,
    idempotency_key: None | str | Unset = UNSET,
) -> Any | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        client=client,
        upload_length=upload_length,
        upload_metadata=upload_metadata,
        content_type=content_type,
        tus_resumable=tus_resumable,
        upload_checksum=upload_checksum,
        idempotency_key=idempotency_key,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    upload_length: int,
    upload_metadata: str | Unset = "",
    content_type: str | Unset = "",
    tus_resumable: CreateUploadTusResumable | Unset = UNSET,
    upload_checksum: None | str | Unset = UNSET,
    idempotency_key: None | str | Unset = UNSET,
) -> Response[Any | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        upload_length=upload_length,
        upload_metadata=upload_metadata,
        content_type=content_type,
        tus_resumable=tus_resumable,
        upload_checksum=upload_checksum,
        idempotency_key=idempotency_key,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    *,
    client: AuthenticatedClient,
    upload_length: int,
    upload_metadata: str | Unset = "",
    content_type: str | Unset = "",
    tus_resumable: CreateUploadTusResumable | Unset = UNSET,
    upload_checksum: None | str | Unset = UNSET,
    idempotency_key: None | str | Unset = UNSET,
) -> Any | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            client=client,
            upload_length=upload_length,
            upload_metadata=upload_metadata,
            content_type=content_type,
            tus_resumable=tus_resumable,
            upload_checksum=upload_checksum,
            idempotency_key=idempotency_key,
        )
    ).parsed
