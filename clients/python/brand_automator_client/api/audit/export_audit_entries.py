import datetime
from http import HTTPStatus
from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient, Client
from ...models.export_audit_entries_format import (
    ExportAuditEntriesFormat,
)
from ...models.problem import Problem
from ...types import UNSET, Response, Unset


def _request(
    *,
    format_: ExportAuditEntriesFormat | Unset = "ndjson",
    subject: None | str | Unset = UNSET,
    action: None | str | Unset = UNSET,
    target: None | str | Unset = UNSET,
    from_: datetime.datetime | None | Unset = UNSET,
    to: datetime.datetime | None | Unset = UNSET,
) -> dict[str, Any]:

    params: dict[str, Any] = {}

    json_format_: str | Unset = UNSET
    if not isinstance(format_, Unset):
        json_format_ = format_

    params["format"] = json_format_

    json_subject: None | str | Unset
    if isinstance(subject, Unset):
        json_subject = UNSET
    else:
        json_subject = subject
    params["subject"] = json_subject

    json_action: None | str | Unset
    if isinstance(action, Unset):
        json_action = UNSET
    else:
        json_action = action
    params["action"] = json_action

    json_target: None | str | Unset
    if isinstance(target, Unset):
        json_target = UNSET
    else:
        json_target = target
    params["target"] = json_target

    json_from_: None | str | Unset
    if isinstance(from_, Unset):
        json_from_ = UNSET
    elif isinstance(from_, datetime.datetime):
        json_from_ = from_.isoformat()
    else:
        json_from_ = from_
    params["from"] = json_from_

    json_to: None | str | Unset
    if isinstance(to, Unset):
        json_to = UNSET
    elif isinstance(to, datetime.datetime):
        json_to = to.isoformat()
    else:
        json_to = to
    params["to"] = json_to

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs: dict[str, Any] = {"method": "get"}
    _kwargs["url"] = "/v1/audit/export"
    _kwargs["params"] = params
    return _kwargs


def _read(client: AuthenticatedClient | Client, response: httpx.Response) -> Problem | str | None:
    if response.status_code == 200:
        response_200 = response.text
        return response_200

    if errors.is_problem(response):
        response_default = Problem.from_dict(response.json())

        return response_default

    if client.raise_on_unexpected_status:
        raise errors.UnexpectedStatus(response.status_code, response.content)
    return None


def _answer(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[Problem | str]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_read(client, response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient,
    format_: ExportAuditEntriesFormat | Unset = "ndjson",
    subject: None | str | Unset = UNSET,
    action: None | str | Unset = UNSET,
    target: None | str | Unset = UNSET,
    from_: datetime.datetime | None | Unset = UNSET,
    to: datetime.datetime | None | Unset = UNSET,
) -> Response[Problem | str]:
    """Export Audit Entries

     All entries that fit, as JSON by lines, or as CSV with a first line of names.

    Args:
        format_ (ExportAuditEntriesFormat | Unset):  Default: 'ndjson'.
        subject (None | str | Unset):
        action (None | str | Unset):
        target (None | str | Unset): The id of anything that was concerned.
        from_ (datetime.datetime | None | Unset):
        to (datetime.datetime | None | Unset): Before this moment.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[Problem | str]
    """

    request = _request(
        format_=format_,
        subject=subject,
        action=action,
        target=target,
        from_=from_,
        to=to,
    )
    return _answer(client, client.get_httpx_client().request(**request))


def sync(
    *,
    client: AuthenticatedClient,
    format_: ExportAuditEntriesFormat | Unset = "ndjson",
    subject: None | str | Unset = UNSET,
    action: None | str | Unset = UNSET,
    target: None | str | Unset = UNSET,
    from_: datetime.datetime | None | Unset = UNSET,
    to: datetime.datetime | None | Unset = UNSET,
) -> Problem | str | None:
    """As `sync_detailed`; only what it has parsed."""
    return sync_detailed(
        client=client,
        format_=format_,
        subject=subject,
        action=action,
        target=target,
        from_=from_,
        to=to,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient,
    format_: ExportAuditEntriesFormat | Unset = "ndjson",
    subject: None | str | Unset = UNSET,
    action: None | str | Unset = UNSET,
    target: None | str | Unset = UNSET,
    from_: datetime.datetime | None | Unset = UNSET,
    to: datetime.datetime | None | Unset = UNSET,
) -> Response[Problem | str]:
    """As `sync_detailed`, and asynchronous."""
    request = _request(
        format_=format_,
        subject=subject,
        action=action,
        target=target,
        from_=from_,
        to=to,
    )
    return _answer(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    *,
    client: AuthenticatedClient,
    format_: ExportAuditEntriesFormat | Unset = "ndjson",
    subject: None | str | Unset = UNSET,
    action: None | str | Unset = UNSET,
    target: None | str | Unset = UNSET,
    from_: datetime.datetime | None | Unset = UNSET,
    to: datetime.datetime | None | Unset = UNSET,
) -> Problem | str | None:
    """As `sync_detailed`, asynchronous; only what it has parsed."""
    return (
        await asyncio_detailed(
            client=client,
            format_=format_,
            subject=subject,
            action=action,
            target=target,
            from_=from_,
            to=to,
        )
    ).parsed
