from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.member_out import MemberOut
from ...models.member_patch import MemberPatch
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _request(
    user_id: UUID,
    *,
    body: MemberPatch,
    if_match: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_match, Unset):
        headers["if-match"] = if_match

    _kwargs: dict[str, Any] = {"method": "patch"}
    _kwargs["url"] = "/v1/members/{user_id}".format(
        user_id=quote(str(user_id), safe=""),
    )

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> MemberOut | Problem | None:
    if response.status_code == 200:
        response_200 = MemberOut.from_dict(response.json())

        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[MemberOut | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    user_id: UUID,
    *,
    client: AuthenticatedClient,
    body: MemberPatch,
    if_match: None | str | Unset = UNSET,
) -> Response[MemberOut | Problem]:
    """Change Member

     Another role, or a suspension or its end. It holds within five seconds, for streams, too.

    Nobody gives a role above their own or raises themselves, admins change nothing about owners,
    and the last active owner stays one (409).

    Args:
        user_id (UUID):
        if_match (None | str | Unset): An ETag, or `*`.
        body (MemberPatch): What is to change of a member (RFC 7396).

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[MemberOut | Problem]
    """

    request = _request(
        user_id=user_id,
        body=body,
        if_match=if_match,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    user_id: UUID,
    *,
    client: AuthenticatedClient,
    body: MemberPatch,
    if_match: None | str | Unset = UNSET,
) -> MemberOut | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        user_id=user_id,
        client=client,
        body=body,
        if_match=if_match,
    ).parsed


async def asyncio_detailed(
    user_id: UUID,
    *,
    client: AuthenticatedClient,
    body: MemberPatch,
    if_match: None | str | Unset = UNSET,
) -> Response[MemberOut | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        user_id=user_id,
        body=body,
        if_match=if_match,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    user_id: UUID,
    *,
    client: AuthenticatedClient,
    body: MemberPatch,
    if_match: None | str | Unset = UNSET,
) -> MemberOut | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            user_id=user_id,
            client=client,
            body=body,
            if_match=if_match,
        )
    ).parsed
