"""Members: who is one, what each may do about the others, and that it holds at once."""

import threading
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from core.settings import Settings
from tests.api.people import PASSWORD, Somebody, anybody, join, stewarded
from tests.api.team import change, colleague, newcomer


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with stewarded(settings), anybody(settings) as found:
        yield found


def soon(holds: Callable[[], bool], seconds: float = 6) -> bool:
    """Whether it comes to hold within the seconds for which what is known may be old."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.1)
    return False


def test_members_are_listed_in_parts_and_shown_to_viewers_but_not_to_clients(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    viewer = newcomer(client, settings, ada, "viewer")
    reviewer = newcomer(client, settings, ada, "client-reviewer")
    first = viewer.ask("GET", "/v1/members?limit=2").json()
    rest = viewer.ask("GET", f"/v1/members?limit=2&cursor={first['next']}").json()
    found = first["items"] + rest["items"]
    assert [(one["email"], one["role"]) for one in found] == [
        (ada.email, "owner"),
        (viewer.email, "viewer"),
        (reviewer.email, "client-reviewer"),
    ]
    assert rest["next"] is None
    assert reviewer.ask("GET", "/v1/members").status_code == 403
    stranger = join(client, settings)
    assert stranger.ask("GET", f"/v1/members?cursor={first['next']}").status_code == 422
    path = f"/v1/members/{viewer.told['user_id']}"
    assert stranger.ask("GET", path).status_code == 404
    assert stranger.ask("DELETE", path).status_code == 404


def test_a_change_of_role_needs_what_was_seen_and_holds_within_five_seconds(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    editor = newcomer(client, settings, ada, "editor")
    path = f"/v1/members/{editor.told['user_id']}"
    tag = ada.ask("GET", path).headers["etag"]
    assert ada.ask("PATCH", path, json={"role": "viewer"}).status_code == 428
    answer = ada.ask("PATCH", path, json={"role": "admin"}, headers={"If-Match": tag})
    assert (answer.status_code, answer.json()["role"]) == (200, "admin")
    late = ada.ask("PATCH", path, json={"role": "viewer"}, headers={"If-Match": tag})
    assert late.status_code == 412
    invitation = {"email": f"{uuid4().hex}@example.com", "role": "viewer"}
    assert soon(lambda: editor.ask("POST", "/v1/invitations", json=invitation).status_code == 201)
    for body in ({"role": "emperor"}, {"rank": 1}, {"suspended": "perhaps"}, {"role": None}):
        bad = ada.ask("PATCH", path, json=body, headers={"If-Match": "*"})
        assert bad.status_code == 422, body
        assert bad.json()["errors"], body


def test_admins_touch_no_owner_and_nobody_rises_or_gives_more_than_they_have(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    admin = newcomer(client, settings, ada, "admin")
    editor = newcomer(client, settings, ada, "editor")
    for by, whom, what in (
        (admin, ada, {"role": "viewer"}),
        (admin, ada, {"suspended": True}),
        (admin, admin, {"role": "owner"}),
        (admin, editor, {"role": "owner"}),
        (admin, admin, {"suspended": True}),
        (editor, editor, {"role": "admin"}),
        (editor, ada, {"role": "viewer"}),
    ):
        assert change(by, whom, **what).status_code == 403, (by.email, what)
    path = f"/v1/members/{ada.told['user_id']}"
    assert admin.ask("DELETE", path).status_code == 403
    for role, status in (("owner", 403), ("admin", 201)):
        asked = {"email": f"{uuid4().hex}@example.com", "role": role}
        assert admin.ask("POST", "/v1/invitations", json=asked).status_code == status
    assert change(admin, editor, role="admin").status_code == 200
    assert change(ada, admin, role="owner").status_code == 200


def test_whoever_is_suspended_or_put_out_is_so_within_five_seconds(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    editor = newcomer(client, settings, ada, "editor")
    other = colleague(client, settings, ada, "editor")
    assert editor.ask("GET", "/v1/assets").status_code == 200
    assert change(ada, editor, suspended=True).json()["suspended"] is True
    assert soon(lambda: editor.ask("GET", "/v1/assets").status_code == 403, 5)
    # Who they are goes on, and so does what else they are in.
    me = editor.ask("GET", "/v1/me").json()
    assert [one["suspended"] for one in me["memberships"]] == [True]
    again = {"tenant_id": ada.told["tenant_id"]}
    assert editor.ask("PUT", "/v1/sessions/current/tenant", json=again).status_code == 404
    assert change(ada, editor, suspended=False).status_code == 200
    assert soon(lambda: editor.ask("GET", "/v1/assets").status_code == 200, 5)

    path = f"/v1/members/{other.told['user_id']}"
    assert other.ask("GET", "/v1/assets").status_code == 200
    assert ada.ask("DELETE", path).status_code == 204
    assert ada.ask("DELETE", path).status_code == 404
    assert soon(lambda: other.ask("GET", "/v1/assets").status_code == 403, 5)
    assert len(other.ask("GET", "/v1/me").json()["memberships"]) == 1


def test_everybody_may_leave_but_the_last_active_owner(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    viewer = newcomer(client, settings, ada, "client-reviewer")
    here = f"/v1/me/memberships/{ada.told['tenant_id']}"
    assert viewer.ask("DELETE", here).status_code == 204
    assert viewer.ask("DELETE", here).status_code == 404
    assert viewer.ask("GET", "/v1/me").json()["memberships"] == []
    second = newcomer(client, settings, ada, "owner")
    assert change(ada, second, suspended=True).status_code == 200
    for refused in (
        ada.ask("DELETE", here),
        ada.ask("DELETE", f"/v1/members/{ada.told['user_id']}"),
        change(ada, ada, role="admin"),
        ada.ask("POST", "/v1/me/delete", json={"password": PASSWORD}),
    ):
        assert refused.status_code == 409, refused.text
    assert change(ada, second, suspended=False).status_code == 200
    assert ada.ask("DELETE", here).status_code == 204


@pytest.mark.parametrize("way", ["leave", "demote", "delete account"])
def test_of_two_owners_who_go_at_once_one_stays(
    client: TestClient, settings: Settings, way: str
) -> None:
    ada = join(client, settings)
    both = [ada, newcomer(client, settings, ada, "owner")]
    here = f"/v1/me/memberships/{ada.told['tenant_id']}"
    start = threading.Barrier(2)
    answers: list[int] = []

    def go(somebody: Somebody) -> None:
        start.wait()
        if way == "leave":
            answer = somebody.ask("DELETE", here)
        elif way == "demote":
            answer = change(somebody, somebody, role="viewer")
        else:
            answer = somebody.ask("POST", "/v1/me/delete", json={"password": PASSWORD})
        answers.append(answer.status_code)

    threads = [threading.Thread(target=go, args=(one,)) for one in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(answers) == 409
    assert min(answers) in (200, 204)


def test_two_owners_who_put_each_other_out_leave_one(
    client: TestClient, settings: Settings
) -> None:
    ada = join(client, settings)
    grace = newcomer(client, settings, ada, "owner")
    start = threading.Barrier(2)
    answers: list[int] = []

    def put_out(by: Somebody, whom: Somebody) -> None:
        start.wait()
        answers.append(by.ask("DELETE", f"/v1/members/{whom.told['user_id']}").status_code)

    pairs = [(ada, grace), (grace, ada)]
    threads = [threading.Thread(target=put_out, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [204, 403]
