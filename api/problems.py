"""Errors become problem details (RFC 9457), in this one place."""

import logging
from http import HTTPStatus
from math import ceil
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from psycopg.errors import UndefinedColumn, UndefinedTable
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from core.errors import AutomatorError, RateLimited, Unavailable
from core.logging import context_value
from services.idempotency import InProgress

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
# What tus adds to HTTP.
_FURTHER = {460: "Checksum Mismatch"}
# What any operation below /v1 may answer; the others are named beside each.
COMMON: Final = (400, 401, 413, 422, 500, 503)


class FieldProblem(BaseModel):
    """One part of a request that breaks a rule."""

    pointer: str = Field(description="Where it is: /query/limit, /body/name, /header/if-match.")
    detail: str


class Problem(BaseModel):
    """Why a request was not answered otherwise (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str = Field(description="Stable, and meant for programs.")
    detail: str = Field(description="Meant for people.")
    errors: list[FieldProblem] = Field(default=[])
    request_id: str = Field(default="", description="Stands in the log, too.")


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an operation that answers problems of these statuses."""
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {
        status: {"description": _phrase(status), "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def describe(app: FastAPI) -> None:
    """Have the application's document say what a problem looks like."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, routes=app.routes)
            ours = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas = made.setdefault("components", {}).setdefault("schemas", {})
            schemas |= ours.pop("$defs")
            schemas[Problem.__name__] = ours
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


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
        "type": f"urn:brand-automator:problem:{code}",
        "title": _phrase(status),
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


def _phrase(status: int) -> str:
    return _FURTHER.get(status) or HTTPStatus(status).phrase


def install(app: FastAPI) -> None:
    """Teach the application to answer every error as a problem."""
    app.add_exception_handler(AutomatorError, _product_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    for away in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(away, _database_away)
    app.add_exception_handler(ProgrammingError, _database_disagrees)
    app.add_exception_handler(ClientDisconnect, _client_gone)
    app.add_exception_handler(Exception, _unexpected)


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
    return problem(error.status, error.code, str(error), headers=headers)


def _http_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _phrase(error.status_code).lower().replace(" ", "_")
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, code, str(error.detail), headers=headers)


def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"pointer": "/" + "/".join(str(part) for part in item["loc"]), "detail": item["msg"]}
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
