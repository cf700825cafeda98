"""The API's document is true: whatever anybody asks, the answer is one that it names."""

import copy
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast
from uuid import uuid4

import httpx2 as httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis import APIOperation, Case
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core.settings import Settings
from services.installation import DEFAULT_TENANT
from services.permissions import FOR_PEOPLE, PERMISSIONS, Action, Role
from tests.api.crowd import Crowd, Member, bearer, crowd, unlimited
from tests.api.documents import follow, made
from tests.api.people import stewarded
from tests.api.serving import CLIP, TOKEN, TUS, server

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_OF_ASSETS = ("asset_id", "run_id")
_OF_REVIEWS = ("review_id", "comment_id")
AUTHORISED = {"Authorization": f"Bearer {TOKEN}"}
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
DOCUMENT = made()
Operation = APIOperation[Any, Any, Any, Any]
document = schemathesis.openapi.from_dict(copy.deepcopy(DOCUMENT))


@pytest.fixture(scope="module")
def url(settings: Settings) -> Iterator[str]:
    limits = json.dumps(unlimited(settings).rate_limits)
    secret = "a secret of the tests and a long one"
    named = "http://localhost"  # passkeys belong to a name
    with (
        stewarded(settings),
        server(settings, MEDIA_SECRET=secret, RATE_LIMITS=limits, PUBLIC_URL=named) as running,
    ):
        yield running.url


@dataclass(slots=True)
class Askers:
    """People of every role in one tenant, and a key; state: who has been asked about already."""

    planted: Crowd
    members: list[Member]
    key: str
    asked: set[str] = field(default_factory=set)

    def headers(self, case: Case[Any]) -> Iterator[dict[str, str]]:
        """Who asks this; what ends a session or an account is asked by another one each time."""
        for one in self.members:
            asker = one
            if case.operation.label == "DELETE /v1/sessions/current":
                asker = self.planted.signed_in(one.user_id, one.tenant_id, one.role)
            elif case.operation.label == "POST /v1/me/delete":
                asker = self.planted.member(None)
            yield asker.headers
        yield bearer(self.key)
        yield {}

    def is_first(self, case: Case[Any]) -> bool:
        """Whether nobody has asked this operation yet."""
        before = len(self.asked)
        self.asked.add(case.operation.label)
        return len(self.asked) > before


@pytest.fixture(scope="module")
def askers(settings: Settings) -> Iterator[Askers]:
    with crowd(settings) as planted:
        place = planted.installation.place(DEFAULT_TENANT)
        members = [planted.member(place, role) for role in Role]
        scopes = PERMISSIONS[Role.EDITOR] - FOR_PEOPLE | {Action.AUDIT_READ, Action.KEYS_READ}
        yield Askers(planted, members, planted.key(place, *scopes))


@pytest.fixture
def known(url: str, askers: Askers) -> Callable[[Case[Any]], dict[str, str]]:
    """Names of things that are there, which no generator would guess; made once for a test."""

    @cache
    def asset() -> dict[str, str]:
        with httpx.Client(base_url=url, headers=AUTHORISED) as client:
            made = client.post("/v1/assets?name=clip.mp4", content=CLIP.read_bytes()).json()
        return {"asset_id": made["asset"]["id"], "run_id": made["run"]["id"]}

    @cache
    def upload() -> str:
        with httpx.Client(base_url=url, headers=AUTHORISED) as client:
            made = client.post("/v1/uploads", headers={**TUS, "Upload-Length": "10"})
        return str(made.headers["location"]).rpartition("/")[2]

    @cache
    def review() -> dict[str, str]:
        people = [str(one.user_id) for one in askers.members]
        wanted = {"asset_id": asset()["asset_id"], "reviewer_ids": people}
        with httpx.Client(base_url=url, headers=AUTHORISED) as client:
            sent = client.post("/v1/reviews", json=wanted).json()["id"]
            said = client.post(f"/v1/reviews/{sent}/comments", json={"text": "Well"}).json()["id"]
        return {"review_id": sent, "comment_id": said}

    @cache
    def brand() -> str:
        with httpx.Client(base_url=url, headers=AUTHORISED) as client:
            made = client.post("/v1/brands", json={"name": uuid4().hex})
        return str(made.json()["id"])

    def names(case: Case[Any]) -> dict[str, str]:
        wanted = case.path_parameters
        found = {name: one for name in wanted if name in _OF_ASSETS for one in [asset()[name]]}
        found |= {name: one for name in wanted if name in _OF_REVIEWS for one in [review()[name]]}
        found |= {"brand_id": brand()} if "brand_id" in wanted else {}
        return found | ({"upload_id": upload()} if "upload_id" in wanted else {})

    return names


def _ask(
    case: Case[Any],
    url: str,
    known: Callable[[Case[Any]], dict[str, str]],
    others: Iterable[dict[str, str]],
) -> None:
    """As the installation's own, and with names that are there as all the others, too."""
    _answer(case, url, AUTHORISED)
    names = known(case)
    case.path_parameters |= names
    # Those who may least come first: what is deleted then is there for all of them.
    for headers in (*reversed(list(others)), *([AUTHORISED] if names else [])):
        _answer(case, url, headers)


def _answer(case: Case[Any], url: str, headers: dict[str, str]) -> None:
    if case.operation.path == "/v1/events" and case.method == "GET":
        _ask_for_stream(case, url, headers)
        return
    answer = case.call(base_url=url, headers=headers, timeout=30)
    case.validate_response(answer, checks=CHECKS)


def _ask_for_stream(case: Case[Any], url: str, headers: dict[str, str]) -> None:
    """Of an answer that does not end, only what comes first."""
    asked = case.as_transport_kwargs(base_url=url, headers=headers)
    with requests.request(**asked, stream=True, timeout=30) as answer:
        answers = case.operation.definition.raw["responses"]
        documented = follow(DOCUMENT, answers[str(answer.status_code)])
        assert answer.headers["content-type"].partition(";")[0] in documented["content"]
        assert answer.status_code < 500


_SETTINGS = hypothesis_settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


_operations: list[Operation] = [cast(Any, one).ok() for one in document.get_all_operations()]

# By names of our own: those that schemathesis gives are all one name to what shares tests out.
_every_operation = pytest.mark.parametrize(
    "operation",
    [pytest.param(one, id=one.label) for one in _operations],
)


@_every_operation
def test_whatever_is_asked_the_answer_is_a_documented_one(
    operation: Operation,
    url: str,
    known: Callable[[Case[Any]], dict[str, str]],
    askers: Askers,
) -> None:
    @hypothesis_settings(_SETTINGS, max_examples=2)
    @given(case=operation.as_strategy())
    def ask(case: Case[Any]) -> None:
        _ask(case, url, known, askers.headers(case) if askers.is_first(case) else ())

    ask()


@pytest.mark.long
@_every_operation
def test_the_same_at_length(
    operation: Operation,
    url: str,
    known: Callable[[Case[Any]], dict[str, str]],
    askers: Askers,
) -> None:
    @hypothesis_settings(_SETTINGS, max_examples=60)
    @given(case=operation.as_strategy())
    def ask(case: Case[Any]) -> None:
        _ask(case, url, known, askers.headers(case))

    ask()
