"""Errors become problem details (RFC 9457), in this one place."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from math import ceil
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg.errors import ForeignKeyViolation, UndefinedColumn, UndefinedTable
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.problem_examples import example, phrase, status_of, type_of, usual
from core.errors import AutomatorError, RateLimited, Rejected, Unauthenticated, Unavailable
from core.logging import context_value
from services.idempotency import InProgress

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="automator"'}
# What any operation below /v1 may answer; the others are named beside each.
COMMON: Final = (400, 401, 413, 422, 500, 503)


class FieldProblem(BaseModel):
    """One part of a request that breaks a rule."""

    pointer: str = Field(description="Where it is: /query/limit, /body/name, /header/if-match.")
    detail: str


class Problem(BaseModel):
    """Why a request was not answered otherwise (RFC 9457)."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [example("not_found")]})

    type: str
    title: str
    status: int
    code: str = Field(description="Stable, and meant for programs.")
    detail: str = Field(description="Meant for people.")
    errors: list[FieldProblem] = Field(default=[])
    request_id: str = Field(default="", description="Stands in the log, too.")


def documented(*answers: int | str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation that answers problems of these statuses.

    A status stands for its usual code; further codes of it are named beside it, or alone.
    """
    codes: dict[int, list[str]] = {}
    for one in answers:
        status = one if isinstance(one, int) else status_of(one)
        known = codes.setdefault(status, [usual(status)])
        if isinstance(one, str) and one not in known:
            known.append(one)
    return {status: _answer(status, names) for status, names in codes.items()}


def shown(*codes: str) -> dict[str, dict[str, str]]:
    """The `examples` of an answer that has one of these codes."""
    return {code: {"$ref": f"#/components/examples/{code}"} for code in codes}


def _answer(status: int, codes: list[str]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    content = {MEDIA_TYPE: {"schema": schema, "examples": shown(*codes)}}
    return {"description": phrase(status), "content": content}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    **members: Any,
) -> JSONResponse:
    """A problem response; `code` is stable and meant for programs, `detail` for people."""
    body = {
        "type": type_of(code),
        "title": phrase(status),
        "status": status,
        "code": code,
        "detail": detail,
        **members,
    }
    if (request_id := context_value("request_id")) is not None:
        body["request_id"] = request_id
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def invalid(pointer: str, detail: str) -> RequestValidationError:
    """The error of a request of which one part breaks a rule that its schema does not tell."""
    loc = tuple(pointer.strip("/").split("/"))
    return RequestValidationError([{"loc": loc, "msg": detail, "type": "value_error"}])


@contextmanager
def pointing(field: str, pointer: str) -> Iterator[None]:
    """Have the refusal of a field point at where it came, where that is not the body."""
    try:
        yield
    except Rejected as error:
        if error.field != field:
            raise
        raise invalid(pointer, f"{field}: {error}") from None


def install(app: FastAPI) -> None:
    """Teach the application to answer every error as a problem."""
    app.add_exception_handler(AutomatorError, _product_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    for away in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(away, _database_away)
    app.add_exception_handler(ProgrammingError, _database_disagrees)
    app.add_exception_handler(IntegrityError, _person_gone)
    app.add_exception_handler(ClientDisconnect, _client_gone)
    app.add_exception_handler(Exception, _unexpected)


def _person_gone(request: Request, error: Exception) -> Response:
    """Whoever asks is remembered for seconds, and may have deleted their account meanwhile."""
    cause = getattr(error, "orig", None)
    if isinstance(cause, ForeignKeyViolation):
        broken = cause.diag.constraint_name or ""
        if broken.endswith("_user_id_fkey"):
            return of(Unauthenticated("this account is gone"))
    return _unexpected(request, error)


def _product_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, AutomatorError)
    return of(error)


def of(error: AutomatorError) -> JSONResponse:
    """The answer to an error of ours."""
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request failed: %s: %s", error.code, error)
    after = None
    if isinstance(error, InProgress):
        after = 1.0
    elif isinstance(error, Unavailable):
        after = error.retry_after
    elif isinstance(error, RateLimited):
        after = error.after
    headers = {"Retry-After": str(max(1, ceil(after)))} if after is not None else None
    if isinstance(error, Unauthenticated):
        headers = CHALLENGE
    members = dict(error.members)
    if isinstance(error, Rejected) and error.field is not None:
        members["errors"] = [{"pointer": f"/body/{error.field}", "detail": str(error)}]
    return problem(error.status, error.code, str(error), headers=headers, **members)


def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = usual(error.status_code)
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, code, str(error.detail), headers=headers)


def _said(item: Mapping[str, Any]) -> str:
    """What breaks the schema, without the words that are pydantic's own affair."""
    if item["type"] in ("too_short", "too_long") and item["ctx"]["field_type"] == "Value":
        least = item["type"] == "too_short"
        bound = (
            f"least {item['ctx']['min_length']}" if least else f"most {item['ctx']['max_length']}"
        )
        return f"String should have at {bound} characters"
    said: str = item["msg"]
    return said.removeprefix("Value error, ").replace(" after validation", "")


def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"pointer": "/" + "/".join(str(part) for part in item["loc"]), "detail": _said(item)}
        for item in error.errors()
    ]
    return problem(422, "invalid_request", "the request does not fit its schema", errors=errors)


def _database_away(_: Request, error: Exception) -> Response:
    log.warning("database: %s", type(error).__name__)
    return problem(
        503, "unavailable", "the database cannot be reached", headers={"Retry-After": "5"}
    )


def _database_disagrees(request: Request, error: Exception) -> Response:
    """A tenant that is a release behind has no such column yet: its migration is on the way."""
    assert isinstance(error, ProgrammingError)
    if not isinstance(error.orig, UndefinedColumn | UndefinedTable):
        return _unexpected(request, error)
    log.error("the schema does not fit the code", exc_info=error)
    return problem(
        503,
        "unavailable",
        "this tenant is being moved to another release",
        headers={"Retry-After": "30"},
    )


def _client_gone(_: Request, error: Exception) -> Response:
    """Nobody reads this; without it, every upload that is broken off would log a traceback."""
    return problem(400, "bad_request", "the body ended early")


def _unexpected(_: Request, error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    return problem(500, "internal", "something went wrong on our side")
