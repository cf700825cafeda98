from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.comment_page import CommentPage
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _request(
    review_id: UUID,
    *,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    params["limit"] = limit

    json_cursor: None | str | Unset
    if isinstance(cursor, Unset):
        json_cursor = UNSET
    else:
        json_cursor = cursor
    params["cursor"] = json_cursor

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {"method": "get"}
    _kwargs["url"] = "/v1/reviews/{review_id}/comments".format(
        review_id=quote(str(review_id), safe=""),
    )

    _kwargs["params"] = params
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> CommentPage | Problem | None:
    if response.status_code == 200:
        response_200 = CommentPage.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[CommentPage | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    review_id: UUID,
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Response[CommentPage | Problem]:
    """List Review Comments

     What was said, the oldest first, with the decisions of all rounds.

    Args:
        review_id (UUID):
        limit (int | Unset): How many at most. Default: 50.
        cursor (None | str | Unset): The `next` of the part before, with the same filters.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[CommentPage | Problem]
    """

    request = _request(
        review_id=review_id,
        limit=limit,
        cursor=cursor,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    review_id: UUID,
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> CommentPage | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        review_id=review_id,
        client=client,
        limit=limit,
        cursor=cursor,
    ).parsed


async def asyncio_detailed(
    review_id: UUID,
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> Response[CommentPage | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        review_id=review_id,
        limit=limit,
        cursor=cursor,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    review_id: UUID,
    *,
    client: AuthenticatedClient,
    limit: int | Unset = 50,
    cursor: None | str | Unset = UNSET,
) -> CommentPage | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            review_id=review_id,
            client=client,
            limit=limit,
            cursor=cursor,
        )
    ).parsed
