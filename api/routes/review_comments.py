"""What is said to a review: moments of a film, words of them, and that they are settled."""

from collections.abc import Collection
from uuid import UUID

from fastapi import Response
from sqlalchemy.orm import Session

from api import problems
from api.access import needs
from api.context import InstallationDep, PlaceDep, PrincipalDep, SessionDep
from api.idempotency import OnceDep
from api.paging import PagingDep, by_id, id_of
from api.routing import Router
from api.schemas.review import CommentIn, CommentOut, CommentPage, Names
from api.turns import TurnDep
from services import review_comments, review_people, review_views
from services.installation import Installation, Place
from services.permissions import Action
from services.review_views import Looker

router = Router(prefix="/reviews/{review_id}/comments", tags=["reviews"])


@router.get("", responses=problems.documented(404), openapi_extra=needs(Action.REVIEWS_READ))
def list_review_comments(
    review_id: UUID,
    current: InstallationDep,
    where: PlaceDep,
    asker: PrincipalDep,
    paging: PagingDep,
    _: TurnDep,
) -> CommentPage:
    """What was said, the oldest first, with the decisions of all rounds."""
    looker = Looker.of(asker)
    question = ("review comments", where.tenant_id, review_id)
    after = id_of(paging.after(*question))
    with current.tenant_scope(where) as session:
        found = review_comments.page(
            session, looker, review_id, limit=paging.limit + 1, after=after
        )
    items, following = paging.cut(found, by_id, *question)
    names = _names(current, where, {one.author_id for one in items})
    return CommentPage(items=[CommentOut.of(one, names) for one in items], next=following)


@router.post(
    "",
    status_code=201,
    response_model=CommentOut,
    responses=problems.documented(404, 409, 413),
    openapi_extra=needs(Action.REVIEWS_COMMENT),
)
def create_review_comment(
    review_id: UUID,
    said: CommentIn,
    current: InstallationDep,
    where: PlaceDep,
    asker: PrincipalDep,
    once: OnceDep,
) -> Response:
    """Say something; for those to whom it was sent, and those who may send it."""
    looker = Looker.of(asker)
    with current.tenant_scope(where) as session:
        # Also before an answer is given again: its key may be somebody else's.
        review_views.get(session, looker, review_id)
    names = {looker.user_id: asker.shown} if looker.user_id is not None else {}

    def add(session: Session) -> CommentOut:
        made = review_comments.add(session, looker, review_id, said.text, said.at_ms)
        return CommentOut.of(made, names)

    return once(add, status=201)


@router.put(
    "/{comment_id}/resolution",
    status_code=204,
    responses=problems.documented(404),
    openapi_extra=needs(Action.REVIEWS_WRITE),
)
def resolve_review_comment(
    review_id: UUID, comment_id: UUID, asker: PrincipalDep, session: SessionDep
) -> None:
    """Note that it is settled."""
    review_comments.resolve(session, Looker.of(asker), review_id, comment_id, resolved=True)


@router.delete(
    "/{comment_id}/resolution",
    status_code=204,
    responses=problems.documented(404),
    openapi_extra=needs(Action.REVIEWS_WRITE),
)
def unresolve_review_comment(
    review_id: UUID, comment_id: UUID, asker: PrincipalDep, session: SessionDep
) -> None:
    """Note that it is not."""
    review_comments.resolve(session, Looker.of(asker), review_id, comment_id, resolved=False)


def _names(current: Installation, where: Place, people: Collection[UUID | None]) -> Names:
    with current.identity_scope() as session:
        known = {one for one in people if one is not None}
        return review_people.names(session, where.tenant_id, known)
