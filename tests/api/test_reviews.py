"""Reviews: a client sees what was sent to them, answers it, and finds nothing else."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import SecretStr
from sqlalchemy import select

from api.app import create_app
from api.delivery import Desk
from core.settings import Settings
from models.mail import Mail
from models.person import Membership, User
from services import audit, events, webhooks
from services.audit import Wanted
from services.installation import Installation, Place
from services.mails import MailKind
from services.permissions import Action, Role
from tests.api.agency import House, settled
from tests.api.crowd import Crowd, Member, crowd, unlimited
from tests.api.serving import TOKEN
from tests.shelved import PACKAGE, shelve

_SHOWN = {path for path in PACKAGE if path.startswith(("stream/", "storyboard/"))} | {
    "poster.jpg", "notes.svg",
}  # fmt: skip


@pytest.fixture(scope="module")
def signing(settings: Settings) -> Settings:
    secret = SecretStr("a secret of the tests that is long enough")
    return unlimited(settings).model_copy(update={"media_secret": secret})


@pytest.fixture(scope="module")
def planted(signing: Settings) -> Iterator[Crowd]:
    with crowd(signing) as found:
        yield found


@dataclass(slots=True)
class Clock:
    """The time by which media are delivered; `late` is in seconds."""

    late: float = 0.0

    def now(self) -> float:
        return time.time() + self.late


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def client(signing: Settings, clock: Clock) -> Iterator[TestClient]:
    app = create_app()
    app.state.installation = Installation(signing)
    app.state.token = TOKEN
    app.state.desk = Desk(now=clock.now, monotonic=clock.now)
    with TestClient(app, raise_server_exceptions=False) as found:
        yield found


@pytest.fixture(scope="module")
def place(planted: Crowd) -> Place:
    return planted.found("agency")


@pytest.fixture
def house(client: TestClient, planted: Crowd, place: Place) -> House:
    """People and a film of this test's own, in a tenant that has others."""
    return settled(client, planted, place)


def pointers(answer: Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [one["pointer"] for one in answer.json()["errors"]]


def test_what_is_sent_is_seen_by_whom_it_was_sent_to_and_shows_no_more_than_it_must(
    house: House,
) -> None:
    due = datetime.now(UTC) + timedelta(days=3)
    house.film.change(
        media={
            "duration_seconds": 12.5,
            "video": [{"index": 0, "codec": "h264", "width": 640, "height": 360, "rotation": 90}],
        }
    )
    answer = house.send(message="Two things.\r\nThe logo, above all.", due_at=due.isoformat())
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/reviews/{house.sent['id']}"
    seen = house.ask(house.clients[0], "GET")
    assert seen.json() == house.sent
    assert seen.headers["etag"] == answer.headers["etag"]
    assert house.sent["asset"] == {
        "id": str(house.film.asset_id),
        "name": "film.mp4",
        "kind": "video",
        "bytes": len(b"a source"),
        "duration_seconds": 12.5,
        "width": 360,
        "height": 640,
    }
    assert house.sent["title"] == "film.mp4"
    assert house.sent["message"] == "Two things.\nThe logo, above all."
    assert house.sent["state"] == "open"
    assert house.sent["sent_by"] == {"id": str(house.editor.user_id), "name": "A editor"}
    assert house.sent["reviewers"] == [
        {"id": str(house.clients[0].user_id), "name": "A client-reviewer"}
    ]
    assert "tenants/" not in seen.text
    tag = {"If-None-Match": seen.headers["etag"]}
    assert house.ask(house.clients[0], "GET", headers=tag).status_code == 304
    (kind, told), *more = house.mails(house.clients[0])
    assert (kind, more) == (MailKind.REVIEW_SENT, [])
    assert told["title"] == "film.mp4"
    assert told["link"] == f"/reviews?id={house.sent['id']}&tenant={house.place.tenant_id}"
    assert f"{due:%d %B %Y}" in told["due"]


def test_whoever_was_not_chosen_is_answered_as_if_there_were_nothing(house: House) -> None:
    house.send()
    chosen, other = house.clients
    nothing = {"id": str(uuid4())}
    sent = house.sent
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "", {}),
        ("GET", "/comments", {}),
        ("POST", "/comments", {"json": {"text": "Mine?"}}),
        ("POST", "/decision", {"json": {"decision": "approved"}}),
        ("POST", "/playback", {}),
    ]
    for method, path, more in asked:
        house.sent = sent
        answers = [house.ask(other, method, path, **more)]
        house.sent = nothing
        answers.append(house.ask(other, method, path, **more))
        bodies = [{**one.json(), "request_id": ""} for one in answers]
        assert bodies[0] == bodies[1], path
        assert answers[0].status_code == 404, path
    house.sent = sent
    assert house.ask(other, "GET", "/v1/reviews").json()["items"] == []
    assert house.ask(chosen, "GET", "/v1/reviews").json()["items"] == [sent]
    # What is not theirs at all, whoever was chosen.
    for method, path in (("PATCH", ""), ("POST", "/withdraw"), ("POST", "/v1/reviews")):
        assert house.ask(chosen, method, path).status_code == 403, path
    for path in (f"/v1/assets/{house.film.asset_id}", "/v1/assets", "/v1/events", "/v1/members"):
        assert house.ask(chosen, "GET", path).status_code == 403, path


def test_another_tenants_people_find_nothing(
    client: TestClient, planted: Crowd, house: House
) -> None:
    house.send()
    stranger = settled(client, planted, planted.found("stranger"))
    stranger.sent = house.sent
    for who in (stranger.editor, stranger.viewer, stranger.clients[0]):
        assert stranger.ask(who, "GET").status_code == 404
        assert stranger.ask(who, "POST", "/playback").status_code == 404
    assert stranger.change(title="Ours now").status_code == 404
    assert stranger.ask(stranger.editor, "POST", "/withdraw").status_code == 404
    # Nor can their film be sent, nor ours to their people.
    theirs = {"asset_id": str(house.film.asset_id)}
    assert stranger.send(**theirs).status_code == 404
    answer = house.send(stranger.clients[0])
    assert pointers(answer) == ["/body/reviewer_ids"]
    assert house.ask(house.editor, "GET").json() == stranger.sent


def test_viewers_see_all_reviews_and_answer_those_that_were_sent_to_them(house: House) -> None:
    house.send()
    assert house.ask(house.viewer, "GET").json() == house.sent
    assert house.listed(house.viewer) == [house.sent]
    assert house.ask(house.viewer, "POST", "/comments", json={"text": "I"}).status_code == 403
    assert house.decide(house.viewer).status_code == 403
    assert house.decide(house.editor).status_code == 403
    assert house.ask(house.editor, "POST", "/comments", json={"text": "I"}).status_code == 201
    house.send(house.viewer)
    assert house.ask(house.viewer, "POST", "/comments", json={"text": "I"}).status_code == 201
    assert house.decide(house.viewer).json()["state"] == "approved"
    assert house.ask(house.clients[0], "GET").status_code == 404


def test_keys_see_and_send_and_decide_nothing(house: House) -> None:
    house.send()
    reads = house.planted.key(house.place, Action.REVIEWS_READ, Action.REVIEWS_COMMENT)
    sends = house.planted.key(house.place, Action.REVIEWS_WRITE, Action.REVIEWS_COMMENT)
    assert house.ask(reads, "GET").json() == house.sent
    # What media may be seen is another question, which its scopes answer.
    assert house.ask(reads, "POST", "/playback").status_code == 403
    assert house.ask(reads, "POST", "/comments", json={"text": "No"}).status_code == 403
    assert house.decide(reads).status_code == 403
    said = house.ask(sends, "POST", "/comments", json={"text": "By a program"}).json()
    assert said["author"] is None
    asked = {
        "asset_id": str(house.film.asset_id),
        "reviewer_ids": [str(house.clients[0].user_id)],
    }
    house.sent = house.ask(sends, "POST", "/v1/reviews", json=asked).json()
    assert house.sent["sent_by"] is None
    assert house.decide(house.clients[0]).status_code == 200
    owner = house.planted.member(house.place, Role.OWNER)
    wanted = {"name": "decides", "scopes": ["reviews:decide"]}
    assert pointers(house.ask(owner, "POST", "/v1/keys", json=wanted))


def test_of_two_who_decide_at_once_one_does(house: House) -> None:
    house.send(*house.clients)
    start = threading.Barrier(2)
    answers: dict[str, Response] = {}

    def go(who: Member, decision: str) -> None:
        start.wait()
        answers[decision] = house.decide(who, decision, f"I say {decision}")

    pairs = zip(house.clients, ("approved", "changes_requested"), strict=True)
    threads = [threading.Thread(target=go, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.status_code for one in answers.values()) == [200, 409]
    (won,) = [decision for decision, one in answers.items() if one.status_code == 200]
    now = house.ask(house.editor, "GET").json()
    assert now["state"] == won
    said = house.ask(house.editor, "GET", "/comments").json()["items"]
    assert [(one["decision"], one["text"]) for one in said] == [(won, f"I say {won}")]
    late = house.decide(house.clients[0])
    how = {"approved": "approved", "changes_requested": "changes are asked for"}[won]
    assert (late.status_code, late.json()["detail"]) == (
        409,
        f"this round has ended already: {how}",
    )
    told = [kind for kind, _ in house.mails(house.editor)]
    assert told == [MailKind.REVIEW_DECIDED]


def test_after_changes_it_is_opened_again_and_all_that_was_said_stays(house: House) -> None:
    client = house.clients[0]
    house.send()
    at = {"text": "The logo is upside down", "at_ms": 12_000}
    said = house.ask(client, "POST", "/comments", json=at).json()
    assert (said["at_ms"], said["author"]["name"]) == (12_000, "A client-reviewer")
    assert house.decide(client, "changes_requested", "See 0:12").status_code == 200
    (_, told) = house.mails(house.editor)[-1]
    assert (told["decision"], told["reviewer"]) == ("changes are asked for", "A client-reviewer")
    done = f"/comments/{said['id']}/resolution"
    assert house.ask(client, "PUT", done).status_code == 403
    assert house.ask(house.editor, "PUT", done).status_code == 204
    assert house.ask(house.editor, "PUT", done).status_code == 204

    again = house.change(state="open")
    assert (again.json()["state"], again.json()["round"]) == ("open", 2)
    assert again.json()["decided_by"] is None
    assert house.decide(client).json()["decided_by"]["name"] == "A client-reviewer"
    first = house.ask(client, "GET", "/comments?limit=2").json()
    rest = house.ask(client, "GET", f"/comments?limit=2&cursor={first['next']}").json()
    shown = [(one["round"], one["decision"], one["text"]) for one in first["items"]]
    assert shown == [(1, None, at["text"]), (1, "changes_requested", "See 0:12")]
    assert [(one["round"], one["decision"]) for one in rest["items"]] == [(2, "approved")]
    assert first["items"][0]["resolved_at"] is not None
    assert house.ask(house.editor, "DELETE", done).status_code == 204
    assert house.ask(client, "GET", "/comments").json()["items"][0]["resolved_at"] is None
    # Each round asks once and tells once.
    assert [kind for kind, _ in house.mails(client)] == [MailKind.REVIEW_SENT] * 2
    assert [kind for kind, _ in house.mails(house.editor)] == [MailKind.REVIEW_DECIDED] * 2


def test_a_change_needs_what_was_seen_and_none_is_lost(house: House) -> None:
    tag = house.send().headers["etag"]
    assert house.ask(house.editor, "PATCH", json={"title": "One"}).status_code == 428
    seen = {"If-Match": tag}
    changed = house.change(seen, title="One", due_at="2030-01-01T00:00:00Z")
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert house.change(seen, title="Two").status_code == 412
    assert house.change({"If-Match": changed.headers["etag"]}, due_at=None).json()["due_at"] is None
    refused: list[dict[str, Any]] = [
        {"title": None},
        {"title": " "},
        {"message": None},
        {"reviewer_ids": []},
        {"state": "approved"},
        {"state": None},
        {"due_at": "2001-01-01T00:00:00Z"},
        {"due_at": "9999-12-31T23:59:59-23:00"},
        {"due_at": "0001-01-01T00:00:00+23:00"},
        {"asset_id": str(uuid4())},
        {"reviewer_ids": [str(uuid4())]},
        {"reviewer_ids": [str(house.editor.user_id)]},
    ]
    for bad in refused:
        assert pointers(house.change(**bad)), bad
    # Who decides meanwhile is not undone by what was prepared before.
    tag = house.ask(house.editor, "GET").headers["etag"]
    house.decide(house.clients[0])
    assert house.change({"If-Match": tag}, state="open").status_code == 412
    assert house.ask(house.editor, "GET").json()["title"] == "One"


def test_a_request_that_comes_again_is_done_once_and_mails_that_were_lost_are_made_up_for(
    house: House,
) -> None:
    one = house.clients[0]
    asked = {"asset_id": str(house.film.asset_id), "reviewer_ids": [str(one.user_id)]}
    key = {"Idempotency-Key": uuid4().hex}
    first = house.ask(house.editor, "POST", "/v1/reviews", json=asked, headers=key)
    # As if the process had ended between both.
    with house.planted.installation.identity_scope() as session:
        for lost in session.scalars(select(Mail).where(Mail.recipient == house.email(one))):
            session.delete(lost)
    house.suspend(house.clients[0])
    again = [
        house.ask(house.editor, "POST", "/v1/reviews", json=asked, headers=key) for _ in range(2)
    ]
    assert [one.text for one in again] == [first.text] * 2
    assert house.mails(one) == []
    house.suspend(house.clients[0], suspended=False)
    for _ in range(2):
        house.ask(house.editor, "POST", "/v1/reviews", json=asked, headers=key)
    assert len(house.mails(one)) == 1
    # So is a refusal.
    house.suspend(house.clients[0])
    key = {"Idempotency-Key": uuid4().hex}
    refused = [
        house.ask(house.editor, "POST", "/v1/reviews", json=asked, headers=key) for _ in range(2)
    ]
    assert [pointers(one) for one in refused] == [["/body/reviewer_ids"]] * 2


def test_a_client_plays_what_was_sent_and_gets_neither_the_source_nor_whole_files(
    house: House,
) -> None:
    house.send()
    answer = house.ask(house.clients[0], "POST", "/playback")
    assert answer.status_code == 200, answer.text
    addresses = answer.json()["addresses"]
    assert addresses["mp4"] == []
    base = addresses["hls"].removesuffix("/stream/master.m3u8")
    anybody = TestClient(house.client.app, raise_server_exceptions=False)
    got = {path: anybody.get(f"{base}/{path}") for path in PACKAGE}
    assert {path for path, one in got.items() if one.status_code == 200} == _SHOWN
    assert all(got[path].content == PACKAGE[path] for path in _SHOWN)
    segment = anybody.get(f"{base}/stream/360p.mp4", headers={"Range": "bytes=100-599"})
    assert (segment.status_code, segment.content) == (206, PACKAGE["stream/360p.mp4"][100:600])
    assert {one.status_code for one in got.values()} == {200, 404}
    assert anybody.get(f"{base}/source").status_code == 404
    # Who sees the library has what the library gives.
    whole = house.ask(house.viewer, "POST", "/playback").json()["addresses"]
    assert len(whole["mp4"]) == 1
    for path in ("playback", "source"):
        asked = house.ask(house.clients[0], "POST", f"/v1/assets/{house.film.asset_id}/{path}")
        assert asked.status_code == 403
    unready = shelve(house.planted.installation, house.place.slug)
    house.send(asset_id=str(unready.asset_id))
    assert house.ask(house.clients[0], "POST", "/playback").status_code == 409


@pytest.mark.parametrize("how", ["withdrawn", "trashed", "suspended", "removed", "left out"])
def test_access_ends_with_what_it_stood_on_also_by_addresses_that_were_given(
    house: House, clock: Clock, how: str
) -> None:
    house.send()
    one, other = house.clients
    address = house.ask(one, "POST", "/playback").json()["addresses"]["poster"]
    anybody = TestClient(house.client.app, raise_server_exceptions=False)
    assert anybody.get(address).status_code == 200
    if how == "withdrawn":
        assert house.ask(house.editor, "POST", "/withdraw").json()["state"] == "withdrawn"
    elif how == "trashed":
        path = f"/v1/assets/{house.film.asset_id}"
        assert house.ask(house.editor, "DELETE", path).status_code == 204
    elif how == "suspended":
        house.suspend(one)
    elif how == "removed":
        owner = house.planted.member(house.place, Role.OWNER)
        path = f"/v1/members/{one.user_id}"
        assert house.ask(owner, "DELETE", path).status_code == 204
    else:
        assert house.change(reviewer_ids=[str(other.user_id)]).status_code == 200
    refused = 403 if how in ("suspended", "removed") else 404
    # What is known of media and of people is never older than that.
    clock.late += 5
    one = house.planted.signed_in(one.user_id, house.place.tenant_id, one.role)
    assert anybody.get(address).status_code == 410
    for method, path, more in (
        ("GET", "", {}),
        ("GET", "/comments", {}),
        ("POST", "/comments", {"json": {"text": "Still here"}}),
        ("POST", "/playback", {}),
        ("POST", "/decision", {"json": {"decision": "approved"}}),
    ):
        assert house.ask(one, method, path, **more).status_code == refused, path
    assert house.ask(house.viewer, "GET").status_code == 200


def test_what_was_withdrawn_stays_so_and_what_is_in_the_trash_is_not_sent(house: House) -> None:
    house.send()
    for _ in range(2):
        assert house.ask(house.editor, "POST", "/withdraw").json()["state"] == "withdrawn"
    assert house.change(state="open").status_code == 409
    said = house.ask(house.editor, "POST", "/comments", json={"text": "Too late"})
    assert said.status_code == 409
    house.send(house.viewer)
    assert house.ask(house.editor, "POST", "/withdraw").status_code == 200
    assert house.decide(house.viewer).status_code == 409
    house.send()
    asset = f"/v1/assets/{house.film.asset_id}"
    house.ask(house.editor, "DELETE", asset)
    assert house.send().status_code == 409
    assert house.ask(house.clients[0], "GET").status_code == 404
    house.ask(house.editor, "POST", f"{asset}/restore")
    assert house.ask(house.clients[0], "GET").status_code == 200
    house.ask(house.editor, "DELETE", asset)
    owner = house.planted.member(house.place, Role.OWNER)
    assert house.ask(owner, "POST", f"{asset}/purge").status_code == 204
    assert house.listed(owner) == []


def test_lists_are_cut_and_chosen_from(house: House) -> None:
    other = shelve(house.planted.installation, house.place.slug, name="other.mp4")
    for number in range(3):
        house.send(title=f"Film {number}")
    house.decide(house.clients[0])
    house.send(house.clients[1], asset_id=str(other.asset_id))

    def titles(who: Member, query: str = "") -> list[str]:
        answer = house.ask(who, "GET", f"/v1/reviews{query}")
        assert answer.status_code == 200, answer.text
        return [one["title"] for one in answer.json()["items"]]

    assert titles(house.viewer)[:4] == ["other.mp4", "Film 2", "Film 1", "Film 0"]
    assert titles(house.viewer, f"?asset={house.film.asset_id}") == ["Film 2", "Film 1", "Film 0"]
    assert titles(house.clients[0]) == ["Film 2", "Film 1", "Film 0"]
    assert titles(house.viewer, f"?asset={other.asset_id}") == ["other.mp4"]
    assert titles(house.clients[0], f"?asset={other.asset_id}") == []
    assert titles(house.clients[0], "?state=approved") == ["Film 2"]
    first = house.ask(house.clients[0], "GET", "/v1/reviews?limit=2").json()
    assert titles(house.clients[0], f"?limit=2&cursor={first['next']}") == ["Film 0"]
    # A cursor is of one list.
    wrong = house.ask(house.viewer, "GET", f"/v1/reviews?limit=2&cursor={first['next']}")
    assert pointers(wrong) == ["/query/cursor"]
    assert pointers(house.ask(house.viewer, "GET", "/v1/reviews?state=lost")) == ["/query/state"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "x" * 5001,
        "\u0958" * 5000,  # of two characters each, in NFC
        "a\x07b",
        "a\x9bb",
        "ends\u2028here",
        "\u202egnp.exe",
        "\u2066turned",
    ],
)
def test_what_could_pass_for_something_else_is_refused(house: House, text: str) -> None:
    house.send()
    said = house.ask(house.clients[0], "POST", "/comments", json={"text": text})
    assert pointers(said) == ["/body/text"]
    assert pointers(house.change(title=text[:300] if len(text) > 300 else text)) == ["/body/title"]
    if text.strip():
        assert pointers(house.send(message=text)) == ["/body/message"]
        assert house.decide(house.clients[0], comment=text).status_code == 422
    assert house.ask(house.viewer, "GET", "/comments").json()["items"] == []
    assert house.ask(house.viewer, "GET").json()["version"] == 1


def test_words_of_all_languages_are_kept(house: House) -> None:
    words = "שלום, עולם 👩‍👩‍👧 <script>alert(1)</script>\n\tمرحبا"
    house.send(title="עברית \u200f!", message=words)
    said = house.ask(house.clients[0], "POST", "/comments", json={"text": words})
    assert (said.status_code, said.json()["text"]) == (201, words)
    assert house.ask(house.clients[0], "GET").json()["title"] == "עברית \u200f!"


def test_a_moment_is_one_of_the_film(house: House) -> None:
    house.send()
    for moment in (-1, 12_001, 10**12, 1.5, "now"):
        said = {"text": "Here", "at_ms": moment}
        answer = house.ask(house.clients[0], "POST", "/comments", json=said)
        assert pointers(answer) == ["/body/at_ms"], moment
    picture = shelve(house.planted.installation, house.place.slug)
    picture.change(kind="image", media=None)
    house.send(asset_id=str(picture.asset_id))
    still = house.ask(house.clients[0], "POST", "/comments", json={"text": "Here", "at_ms": 0})
    assert pointers(still) == ["/body/at_ms"]
    assert house.ask(house.viewer, "GET", "/comments").json()["items"] == []


def test_what_is_sent_badly_is_refused_by_its_place_and_nothing_is_made(house: House) -> None:
    someone = str(house.clients[0].user_id)
    with house.planted.installation.tenant_scope(house.place) as session:
        begin = events.read(session, None, limit=1).end
    suspended = house.planted.member(house.place, Role.REVIEWER, suspended=True)
    for bad, place in (
        ({"reviewer_ids": []}, "/body/reviewer_ids"),
        ({"reviewer_ids": [someone, someone]}, "/body/reviewer_ids"),
        ({"reviewer_ids": [str(uuid4()) for _ in range(21)]}, "/body/reviewer_ids"),
        ({"reviewer_ids": [str(suspended.user_id)]}, "/body/reviewer_ids"),
        ({"reviewer_ids": [str(house.editor.user_id)]}, "/body/reviewer_ids"),
        ({"reviewer_ids": someone}, "/body/reviewer_ids"),
        ({"asset_id": "film"}, "/body/asset_id"),
        ({"due_at": "2020-01-01T00:00:00Z"}, "/body/due_at"),
        ({"due_at": "2030-01-01T00:00:00"}, "/body/due_at"),
        ({"state": "approved"}, "/body/state"),
    ):
        (pointer, *_) = pointers(house.send(**bad))
        assert pointer.startswith(place), bad
    assert house.send(asset_id=str(uuid4())).status_code == 404
    assert house.listed(house.editor) == []
    assert house.mails(house.clients[0]) == []
    with house.planted.installation.tenant_scope(house.place) as session:
        assert events.read(session, begin, limit=1).events == ()


def test_all_of_it_is_told_to_those_who_listen_and_is_in_the_log(house: House) -> None:
    house.send()
    with house.planted.installation.tenant_scope(house.place) as session:
        begin = events.read(session, None, limit=1).end
    said = house.ask(house.clients[0], "POST", "/comments", json={"text": "A secret word"}).json()
    house.change(title="Another", due_at=None)
    house.change(title="Another")
    house.decide(house.clients[0])
    house.change(state="open", reviewer_ids=[str(house.clients[1].user_id)])
    house.ask(house.editor, "POST", "/withdraw")
    house.ask(house.viewer, "POST", "/playback")
    with house.planted.installation.tenant_scope(house.place) as session:
        told = events.read(session, begin, limit=20).events
    ids = {"review_id": house.sent["id"], "asset_id": str(house.film.asset_id)}
    assert [(one.kind, one.data) for one in told] == [
        ("review.commented", {**ids, "comment_id": said["id"]}),
        ("review.updated", {**ids, "changed": ["title"]}),
        ("review.decided", {**ids, "state": "approved"}),
        ("review.updated", {**ids, "changed": ["reviewers", "state"]}),
        ("review.withdrawn", ids),
    ]
    assert {one.kind for one in told} < set(webhooks.KINDS)
    with closing(Installation(house.planted.installation.settings)) as office:
        of_it = Wanted(target=house.sent["id"])
        entries = audit.page(office, house.place, of_it, limit=50, before=None)
    changes = [
        (one.subject, one.action, one.targets)
        for one in reversed(entries)
        if one.action.startswith("reviews:")
    ]
    editor, client = (f"user:{one.user_id}" for one in (house.editor, house.clients[0]))
    here = {"review_id": house.sent["id"]}
    assert changes == [
        (editor, "reviews:write", {"created": house.sent["id"]}),
        (client, "reviews:comment", {**here, "created": said["id"]}),
        *[(editor, "reviews:write", here)] * 2,
        (client, "reviews:decide", here),
        *[(editor, "reviews:write", here)] * 2,
    ]


def test_whoever_leaves_or_is_deleted_leaves_what_they_said_without_their_name(
    house: House,
) -> None:
    one, other = house.clients
    house.send(*house.clients)
    house.ask(one, "POST", "/comments", json={"text": "Mine"})
    house.decide(one, "changes_requested")
    with house.planted.installation.identity_scope() as session:
        for gone in (one, house.editor):
            session.delete(session.get_one(Membership, (gone.user_id, house.place.tenant_id)))
            session.flush()
        session.delete(session.get_one(User, one.user_id))
    seen = house.ask(other, "GET").json()
    assert seen["sent_by"] == {"id": str(house.editor.user_id), "name": None}
    assert seen["decided_by"] == {"id": str(one.user_id), "name": None}
    named = {person["id"]: person["name"] for person in seen["reviewers"]}
    assert named == {str(one.user_id): None, str(other.user_id): "A client-reviewer"}
    said = house.ask(other, "GET", "/comments").json()["items"]
    assert [person["author"]["name"] for person in said] == [None, None]
    # It goes on without them; nobody is written to who is not there.
    house.editor = house.planted.member(house.place, Role.EDITOR)
    assert house.change(state="open").status_code == 200
    assert house.decide(other).json()["state"] == "approved"
