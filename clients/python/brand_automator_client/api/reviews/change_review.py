from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.problem import Problem
from ...models.review_out import ReviewOut
from ...models.review_patch import ReviewPatch
from ...types import UNSET, Response, Unset


def _request(
    review_id: UUID,
    *,
    body: ReviewPatch,
    if_match: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["if-match"] = if_match

    _kwargs: dict[str, Any] = {"method": "patch"}
    _kwargs["url"] = "/v1/reviews/{review_id}".format(
        review_id=quote(str(review_id), safe=""),
    )

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Problem | ReviewOut | None:
    if response.status_code == 200:
        response_200 = ReviewOut.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | ReviewOut]:
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
    body: ReviewPatch,
    if_match: None | str | Unset = UNSET,
) -> Response[Problem | ReviewOut]:
    """Change Review

     Change what was sent, send it to others, or open it again after a decision.

    Whoever is left out of `reviewer_ids` sees nothing of it any more; who is new is told by mail,
    and so is everybody when it is opened again.

    Args:
        review_id (UUID):
        if_match (None | str | Unset): An ETag, or `*`.
        body (ReviewPatch): What is to change (RFC 7396): what is left out stays, and null takes
            the date away.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | ReviewOut]
    """

    request = _request(
        review_id=review_id,
        body=body,
        if_match=if_match,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    review_id: UUID,
    *,
    client: AuthenticatedClient,
    body: ReviewPatch,
    if_match: None | str | Unset = UNSET,
) -> Problem | ReviewOut | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        review_id=review_id,
        client=client,
        body=body,
        if_match=if_match,
    ).parsed


async def asyncio_detailed(
    review_id: UUID,
    *,
    client: AuthenticatedClient,
    body: ReviewPatch,
    if_match: None | str | Unset = UNSET,
) -> Response[Problem | ReviewOut]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        review_id=review_id,
        body=body,
        if_match=if_match,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    review_id: UUID,
    *,
    client: AuthenticatedClient,
    body: ReviewPatch,
    if_match: None | str | Unset = UNSET,
) -> Problem | ReviewOut | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            review_id=review_id,
            client=client,
            body=body,
            if_match=if_match,
        )
    ).parsed
