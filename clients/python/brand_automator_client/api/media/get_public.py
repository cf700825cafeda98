from http import HTTPStatus
from io import BytesIO
from typing import Any, cast
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...types import File, Response


def _request(
    name: str,
    path: str,
) -> dict[str, Any]:

    _kwargs: dict[str, Any] = {"method": "get"}
    _kwargs["url"] = "/v1/public/{name}/{path}".format(
        name=quote(str(name), safe=""),
        path=quote(str(path), safe=""),
    )

    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | File | Problem | None:
    if response.status_code == 200:
        response_200 = File(payload=BytesIO(response.content))

        return response_200

    if response.status_code == 206:
        response_206 = File(payload=BytesIO(response.content))

        return response_206

    if response.status_code == 304:
        response_304 = cast(Any, None)
        return response_304

    if response.status_code == 307:
        response_307 = cast(Any, None)
        return response_307

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Any | File | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    name: str,
    path: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[Any | File | Problem]:
    """Get Public

     A file of a published asset: the current one, or behind a run's id that run's.

    Args:
        name (str):
        path (str): The file's path in its package.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | File | Problem]
    """

    request = _request(
        name=name,
        path=path,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    name: str,
    path: str,
    *,
    client: AuthenticatedClient | Client,
) -> Any | File | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        name=name,
        path=path,
        client=client,
    ).parsed


async def asyncio_detailed(
    name: str,
    path: str,
    *,
    client: AuthenticatedClient | Client,
) -> Response[Any | File | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        name=name,
        path=path,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    name: str,
    path: str,
    *,
    client: AuthenticatedClient | Client,
) -> Any | File | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            name=name,
            path=path,
            client=client,
        )
    ).parsed
