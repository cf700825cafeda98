from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.text_check_in import TextCheckIn
from ...models.text_check_out import TextCheckOut
from ...types import Response


def _request(
    brand_id: UUID,
    *,
    body: TextCheckIn,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {"method": "post"}
    _kwargs["url"] = "/v1/brands/{brand_id}/checks".format(
        brand_id=quote(str(brand_id), safe=""),
    )

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | TextCheckOut | None:
    if response.status_code == 200:
        response_200 = TextCheckOut.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | TextCheckOut]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    brand_id: UUID,
    *,
    client: AuthenticatedClient,
    body: TextCheckIn,
) -> Response[Problem | TextCheckOut]:
    """Check Text

     Hold a text against a brand's kit: forbidden words, and how names and terms are written.

    Args:
        brand_id (UUID):
        body (TextCheckIn): A text that is held against a brand's kit.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | TextCheckOut]
    """

    request = _request(
        brand_id=brand_id,
        body=body,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    brand_id: UUID,
    *,
    client: AuthenticatedClient,
    body: TextCheckIn,
) -> Problem | TextCheckOut | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        brand_id=brand_id,
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    brand_id: UUID,
    *,
    client: AuthenticatedClient,
    body: TextCheckIn,
) -> Response[Problem | TextCheckOut]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        brand_id=brand_id,
        body=body,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    brand_id: UUID,
    *,
    client: AuthenticatedClient,
    body: TextCheckIn,
) -> Problem | TextCheckOut | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            brand_id=brand_id,
            client=client,
            body=body,
        )
    ).parsed
