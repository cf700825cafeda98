"""Every operation of the document is asked by everybody, and the table of permissions is right."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from httpx2 import ASGITransport, AsyncClient

from api.access import PERMISSION
from api.app import create_app
from api.context import principal
from core.settings import Settings
from services.installation import Installation
from services.permissions import PERMISSIONS, Action, Role
from tests.api.crowd import Crowd, Member, bearer, crowd, unlimited
from tests.api.documents import made
from tests.api.serving import CLIP, TOKEN

# Not in the document: it, and a page that shows it.
UNDOCUMENTED: Final = {"/v1/openapi.json", "/docs", "/docs/assets"}
_NESTED: Final = (Role.OWNER, Role.ADMIN, Role.EDITOR, Role.VIEWER, Role.REVIEWER)
_UNSIGNED: Final = "401"
_REFUSED: Final = "403"
_THROUGH: Final = "through"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document."""

    method: str
    path: str
    needs: str | None

    @property
    def said(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def address(self) -> str:
        """With names of nothing that is there."""
        return self.path.replace("{path}", "file.mp4").replace("{name}", "name").format_map(_Ids())


class _Ids(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return str(uuid4())


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who asks, and what the table says that they may."""

    name: str
    headers: dict[str, str]
    actions: frozenset[Action] | None = None
    person: bool = False
    # One after the other, where there are several.
    tokens: tuple[str, ...] = ()

    def shows(self, number: int) -> dict[str, str]:
        """What comes with the request of this number."""
        if self.tokens:
            return bearer(self.tokens[number % len(self.tokens)])
        return self.headers

    def expected(self, needs: str | None) -> str:
        """How the gate answers; `actions` of None are of who is nobody here."""
        if needs == "public":
            return _THROUGH
        if self.actions is None:
            return _UNSIGNED
        if needs == "person":
            return _THROUGH if self.person else _REFUSED
        return _THROUGH if needs in self.actions else _REFUSED


def operations(document: dict[str, Any]) -> list[Operation]:
    """All that a document tells of."""
    return [
        Operation(method.upper(), path, said.get(PERMISSION))
        for path, item in document["paths"].items()
        for method, said in item.items()
    ]


OPERATIONS: Final = operations(made())


def unnamed(found: list[Operation]) -> list[str]:
    """Those that do not name what they need, or name what nobody has heard of."""
    known = {"public", "person", *Action}
    return [one.said for one in found if one.needs not in known]


@pytest.fixture(scope="module")
def planted(settings: Settings) -> Iterator[Crowd]:
    with crowd(settings) as found:
        yield found


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    app = create_app()
    app.state.installation = Installation(
        unlimited(settings).model_copy(update={"public_url": "http://testserver"})
    )
    app.state.token = TOKEN
    with TestClient(app, raise_server_exceptions=False) as found:
        yield found


async def _ask(client: AsyncClient, one: Operation, headers: dict[str, str]) -> int:
    # A stream would not end; what breaks its schema is found out behind the gate.
    query = {"run": "none"} if one.path == "/v1/events" else {}
    answer = await client.request(one.method, one.address, headers=headers, params=query)
    return answer.status_code


def _askers(planted: Crowd) -> list[Asker]:
    place = planted.found("ours")
    made = [
        Asker(str(role), planted.member(place, role).headers, PERMISSIONS[role], person=True)
        for role in Role
    ]
    reads = frozenset({Action.ASSETS_READ, Action.AUDIT_READ})
    writes = frozenset({Action.ASSETS_WRITE, Action.UPLOADS_WRITE})
    owner = planted.member(place, Role.OWNER)
    gone = planted.member(place, Role.OWNER)
    planted.end(gone)

    def fixed(name: str, token: str) -> Asker:
        return Asker(name, bearer(token))

    def person(name: str, one: Member) -> Asker:
        return Asker(name, one.headers, frozenset(), person=True)

    return [
        *made,
        Asker("nobody", {}),
        fixed("expired", planted.expired(owner)),
        Asker("a forger", {}, tokens=tuple(planted.forged(owner).values())),
        fixed("ended session", gone.token),
        fixed("no token at all", "something else"),
        person("suspended owner", planted.member(place, Role.OWNER, suspended=True)),
        person("another tenant's, with a token for ours", planted.member(place)),
        person("without a tenant", planted.member(None)),
        Asker("a key that reads", bearer(planted.key(place, *reads)), reads),
        Asker("a key that writes", bearer(planted.key(place, *writes)), writes),
        fixed("a key that is none", "bak_" + "1" * 22 + "_" + "1" * 50),
        Asker("installation", bearer(TOKEN), PERMISSIONS[Role.OWNER]),
    ]


def _verdict(status: int) -> str:
    return str(status) if status in (401, 403) else _THROUGH


async def _all_answers(app: FastAPI, asker: Asker) -> dict[str, int]:
    """What somebody is answered, by operation; in this thread, or it would take long."""
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url="http://testserver") as client:
        # Signing out comes last: the session ends with it.
        ordered = sorted(OPERATIONS, key=lambda one: one.path == "/v1/sessions/current")
        return {
            one.said: await _ask(client, one, asker.shows(number))
            for number, one in enumerate(ordered)
        }


def _differences(openly: dict[str, int], asker: Asker, answers: dict[str, int]) -> Iterator[str]:
    for one in OPERATIONS:
        status = answers[one.said]
        right = _verdict(status) == asker.expected(one.needs)
        if one.needs == "public":
            # What opens it, if anything, is in the request: it is one answer to all.
            right = status == openly[one.said]
        if not right or status >= 500:
            yield f"{one.said} answers {asker.name}: {status}"


def test_every_operation_answers_everybody_as_the_table_says(
    client: TestClient, planted: Crowd
) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    differ: list[str] = []
    with asyncio.Runner() as runner:
        openly = runner.run(_all_answers(app, Asker("nobody", {})))
        for asker in _askers(planted):
            differ += _differences(openly, asker, runner.run(_all_answers(app, asker)))
    assert differ == []


def test_no_forgery_is_taken(client: TestClient, planted: Crowd) -> None:
    owner = planted.member(planted.found("ours"), Role.OWNER)
    assert client.get("/v1/assets", headers=owner.headers).status_code == 200
    for how, token in planted.forged(owner).items():
        assert client.get("/v1/assets", headers=bearer(token)).status_code == 401, how


def test_whoever_owns_another_tenant_reaches_nothing_of_ours(
    client: TestClient, planted: Crowd
) -> None:
    ours, theirs = planted.found("ours"), planted.found("theirs")
    owner, stranger = planted.member(ours, Role.OWNER), planted.member(theirs, Role.OWNER)
    known = _things(client, owner)
    reached = []
    for one in OPERATIONS:
        if one.needs in ("public", "person") or one.path == "/v1/events":
            continue
        path = one.path.format_map(known)
        answer = client.request(one.method, path, headers=stranger.headers)
        if "{" in one.path and answer.is_success:
            reached.append(one.said)
        if any(value in answer.text for value in known.values() if value not in path):
            reached.append(f"{one.said} tells of ours")
    assert reached == []
    assert client.get(f"/v1/assets/{known['asset_id']}", headers=owner.headers).is_success


def _things(client: TestClient, owner: Member) -> dict[str, str]:
    """What there is of a tenant, by the names that paths have for it."""
    clip = CLIP.read_bytes()
    made = client.post("/v1/assets?name=clip.mp4", content=clip, headers=owner.headers).json()
    tus = {**owner.headers, "Tus-Resumable": "1.0.0", "Upload-Length": "10"}
    upload = client.post("/v1/uploads", headers=tus).headers["location"]
    brand = client.post("/v1/brands", json={"name": "Ours alone"}, headers=owner.headers).json()
    found = _Ids(
        brand_id=brand["id"],
        asset_id=made["asset"]["id"],
        run_id=made["run"]["id"],
        upload_id=upload.rpartition("/")[2],
        name="probe",
    )
    assert all(UUID(found[name]) for name in ("asset_id", "brand_id", "run_id", "upload_id"))
    return found


def test_each_operation_names_what_it_needs() -> None:
    assert unnamed(OPERATIONS) == []
    assert len(OPERATIONS) > 60


def test_what_is_not_in_the_document_is_known() -> None:
    documented = {one.path for one in OPERATIONS}
    served = set(_paths(create_app().routes))
    assert {path.replace(":path}", "}") for path in served} - documented == UNDOCUMENTED


def _paths(routes: list[Any]) -> Iterator[str]:
    for route in routes:
        if (path := getattr(route, "path", None)) is not None:
            yield path
        else:
            yield from (
                route.include_context.prefix + one for one in _paths(route.original_router.routes)
            )


def test_a_route_that_names_nothing_is_nobodys(settings: Settings, planted: Crowd) -> None:
    app = create_app()
    app.state.installation = Installation(unlimited(settings))
    app.state.token = TOKEN

    @app.get("/v1/forgotten", dependencies=[Depends(principal)])
    def forgotten() -> str:
        return "open"

    owner = planted.member(planted.found("ours"), Role.OWNER)
    with TestClient(app, raise_server_exceptions=False) as client:
        for headers in (owner.headers, bearer(TOKEN)):
            assert client.get("/v1/forgotten", headers=headers).status_code == 403
        assert client.get("/v1/forgotten").status_code == 401
    assert unnamed(operations(app.openapi())) == ["GET /v1/forgotten"]


def test_each_role_may_all_that_the_next_may_and_more() -> None:
    assert set(_NESTED) == set(Role) == set(PERMISSIONS)
    for mightier, next_one in pairwise(_NESTED):
        assert PERMISSIONS[mightier] > PERMISSIONS[next_one]
    assert PERMISSIONS[Role.OWNER] == set(Action)


def test_who_only_looks_answers_what_was_sent_to_them_and_changes_nothing_else() -> None:
    """A viewer may do what reads, by whatever method."""
    answers = {Action.REVIEWS_COMMENT, Action.REVIEWS_DECIDE}
    for role in (Role.VIEWER, Role.REVIEWER):
        changes = {action for action in PERMISSIONS[role] if not action.endswith(":read")}
        assert changes == answers
    reads = {Action.TENANT_READ, Action.REVIEWS_READ}
    assert PERMISSIONS[Role.REVIEWER] == answers | reads
