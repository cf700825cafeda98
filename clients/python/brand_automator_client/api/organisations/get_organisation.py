from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote
from uuid import UUID

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.organisation_out import OrganisationOut
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _request(
    organisation_id: UUID,
    *,
    if_none_match: None | str | Unset = UNSET,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if not isinstance(if_none_match, Unset):
        headers["if-none-match"] = if_none_match

    _kwargs: dict[str, Any] = {"method": "get"}
    _kwargs["url"] = "/v1/organisations/{organisation_id}".format(
        organisation_id=quote(str(organisation_id), safe=""),
    )

    _kwargs["headers"] = headers
    return _kwargs


def _read(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Any | OrganisationOut | Problem | None:
    if response.status_code == 200:
        response_200 = OrganisationOut.from_dict(response.json())

        return response_200

    if response.status_code == 304:
        response_304 = cast(Any, None)
        return response_304

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Any | OrganisationOut | Problem]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    organisation_id: UUID,
    *,
    client: AuthenticatedClient,
    if_none_match: None | str | Unset = UNSET,
) -> Response[Any | OrganisationOut | Problem]:
    """Get Organisation

     One of them.

    Args:
        organisation_id (UUID):
        if_none_match (None | str | Unset): An ETag that is known.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Any | OrganisationOut | Problem]
    """

    request = _request(
        organisation_id=organisation_id,
        if_none_match=if_none_match,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    organisation_id: UUID,
    *,
    client: AuthenticatedClient,
    if_none_match: None | str | Unset = UNSET,
) -> Any | OrganisationOut | Problem | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        organisation_id=organisation_id,
        client=client,
        if_none_match=if_none_match,
    ).parsed


async def asyncio_detailed(
    organisation_id: UUID,
    *,
    client: AuthenticatedClient,
    if_none_match: None | str | Unset = UNSET,
) -> Response[Any | OrganisationOut | Problem]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        organisation_id=organisation_id,
        if_none_match=if_none_match,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    organisation_id: UUID,
    *,
    client: AuthenticatedClient,
    if_none_match: None | str | Unset = UNSET,
) -> Any | OrganisationOut | Problem | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            organisation_id=organisation_id,
            client=client,
            if_none_match=if_none_match,
        )
    ).parsed
