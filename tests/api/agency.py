"""An agency that sends a film to its clients, for tests of reviews."""

from dataclasses import dataclass, field
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from models.person import Membership, User
from services.installation import Place
from services.mails import MailKind
from services.permissions import Role
from tests.api.crowd import Crowd, Member, bearer
from tests.api.people import mailed
from tests.shelved import Shown, shelve


@dataclass(slots=True)
class House:
    """An agency's tenant with its people and a film; state: what was sent last."""

    client: TestClient
    planted: Crowd
    place: Place
    film: Shown
    editor: Member
    viewer: Member
    clients: list[Member]
    sent: dict[str, Any] = field(default_factory=dict)

    def ask(self, who: Member | str, method: str, path: str = "", **more: Any) -> Response:
        """A request of somebody's, or of a key's; without a path, of the review sent last."""
        shown = bearer(who) if isinstance(who, str) else who.headers
        if not path.startswith("/v1"):
            path = f"/v1/reviews/{self.sent['id']}{path}"
        headers = {**shown, **more.pop("headers", {})}
        found: Response = self.client.request(method, path, headers=headers, **more)
        return found

    def send(self, *to: Member, **more: Any) -> Response:
        """The editor sends the film."""
        asked = {
            "asset_id": str(self.film.asset_id),
            "reviewer_ids": [str(one.user_id) for one in to or self.clients[:1]],
            **more,
        }
        answer = self.ask(self.editor, "POST", "/v1/reviews", json=asked)
        if answer.status_code == 201:
            self.sent = answer.json()
        return answer

    def change(self, headers: dict[str, str] | None = None, **changes: Any) -> Response:
        """The editor changes what was sent."""
        headers = headers or {"If-Match": "*"}
        return self.ask(self.editor, "PATCH", json=changes, headers=headers)

    def decide(self, who: Member | str, decision: str = "approved", comment: str = "") -> Response:
        """Somebody decides."""
        said = {"decision": decision, "comment": comment}
        return self.ask(who, "POST", "/decision", json=said)

    def listed(self, who: Member) -> list[dict[str, Any]]:
        """The reviews of the film that somebody is shown."""
        answer = self.ask(who, "GET", f"/v1/reviews?asset={self.film.asset_id}")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def mails(self, to: Member) -> list[tuple[MailKind, dict[str, str]]]:
        """What was written to somebody."""
        return mailed(self.planted.installation.settings, self.email(to))

    def email(self, one: Member) -> str:
        """Somebody's address."""
        with self.planted.installation.identity_scope() as session:
            return session.get_one(User, one.user_id).email

    def suspend(self, one: Member, *, suspended: bool = True) -> None:
        """Suspend somebody, or end that."""
        with self.planted.installation.identity_scope() as session:
            key = one.user_id, self.place.tenant_id
            session.get_one(Membership, key).suspended = suspended


def settled(client: TestClient, planted: Crowd, place: Place) -> House:
    """People and a film of their own, in a tenant that may have others."""
    film = shelve(planted.installation, place.slug)
    film.add()
    return House(
        client,
        planted,
        place,
        film,
        planted.member(place, Role.EDITOR),
        planted.member(place, Role.VIEWER),
        [planted.member(place, Role.REVIEWER) for _ in range(2)],
    )
