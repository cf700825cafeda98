"""Reviews: send an asset to somebody who looks at it, says what should change, and decides."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Request, Response
from sqlalchemy.orm import Session

from api import problems
from api.access import needs
from api.conditions import (
    LOCATED,
    TAGGED,
    UNCHANGED,
    IfMatch,
    IfNoneMatch,
    required_versions,
    tagged,
)
from api.context import InstallationDep, PlaceDep, PrincipalDep
from api.idempotency import OnceDep
from api.paging import PagingDep, by_id, id_of
from api.routes.media import desk
from api.routing import Router
from api.schemas.playback import PlaybackOut
from api.schemas.review import (
    DecisionIn,
    Names,
    ReviewCreate,
    ReviewOut,
    ReviewPage,
    ReviewPatch,
)
from api.turns import RecordedDep, TurnDep
from services import playbacks, review_people, review_views, reviews
from services.installation import Installation, Place
from services.permissions import Action
from services.review_views import Looker, State, View
from services.reviews import Changes

router = Router(prefix="/reviews", tags=["reviews"])


@router.post(
    "",
    status_code=201,
    response_model=ReviewOut,
    responses={
        201: {"headers": TAGGED["headers"] | LOCATED["headers"]},
        **problems.documented(404, 409, 413),
    },
    openapi_extra=needs(Action.REVIEWS_WRITE),
)
def create_review(
    wanted: ReviewCreate,
    current: InstallationDep,
    where: PlaceDep,
    asker: PrincipalDep,
    once: OnceDep,
) -> Response:
    """Send an asset to members, who are told by mail. They see it, comment on it and decide."""
    looker = Looker.of(asker)
    people = set(wanted.reviewer_ids)
    with current.identity_scope() as session:
        sender = looker.user_id
        refused = review_people.refusal(session, where.tenant_id, sender, people)
        everybody = people | ({sender} if sender is not None else set())
        names = review_people.names(session, where.tenant_id, everybody)

    def send(session: Session) -> Response:
        if refused is not None:
            raise refused
        view = reviews.create(
            session,
            looker,
            asset_id=wanted.asset_id,
            title=wanted.title,
            message=wanted.message,
            due_at=wanted.due_at,
            reviewer_ids=people,
        )
        answer = _tagged(view, names)
        answer.status_code = 201
        answer.headers["Location"] = f"/v1/reviews/{view.row.id}"
        return answer

    answer = once(send)
    # What was answered before may have been a refusal.
    if answer.status_code == 201:
        made = UUID(answer.headers["location"].rpartition("/")[2])
        review_people.write(current, where, made)
    return answer


@router.get("", openapi_extra=needs(Action.REVIEWS_READ))
def list_reviews(
    current: InstallationDep,
    where: PlaceDep,
    asker: PrincipalDep,
    paging: PagingDep,
    _: TurnDep,
    state: State | None = None,
    asset: UUID | None = None,
) -> ReviewPage:
    """The newest reviews; to a client, those that were sent to them."""
    looker = Looker.of(asker)
    question = ("reviews", where.tenant_id, looker, state, asset)
    before = id_of(paging.after(*question))
    with current.tenant_scope(where) as session:
        found = review_views.page(
            session, looker, state=state, asset_id=asset, limit=paging.limit + 1, before=before
        )
    items, following = paging.cut(found, lambda view: by_id(view.row), *question)
    names = _names(current, where, *items)
    return ReviewPage(items=[ReviewOut.of(view, names) for view in items], next=following)


@router.get(
    "/{review_id}",
    response_model=ReviewOut,
    responses={200: TAGGED, **UNCHANGED, **problems.documented(404)},
    openapi_extra=needs(Action.REVIEWS_READ),
)
def get_review(
    review_id: UUID,
    current: InstallationDep,
    where: PlaceDep,
    asker: PrincipalDep,
    _: TurnDep,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """One review."""
    view = _seen(current, where, Looker.of(asker), review_id)
    return _tagged(view, _names(current, where, view), known=if_none_match)


@router.patch(
    "/{review_id}",
    response_model=ReviewOut,
    responses={200: TAGGED, **problems.documented(404, 409, 412, 413, 428)},
    openapi_extra={"requestBody": {"content": {"application/merge-patch+json": {
        "schema": {"$ref": "#/components/schemas/ReviewPatch"},
    }}}} | needs(Action.REVIEWS_WRITE),
)  # fmt: skip
def change_review(
    review_id: UUID,
    changes: Annotated[ReviewPatch, Body()],
    current: InstallationDep,
    where: PlaceDep,
    asker: PrincipalDep,
    opens: RecordedDep,
    if_match: IfMatch = None,
) -> Response:
    """Change what was sent, send it to others, or open it again after a decision.

    Whoever is left out of `reviewer_ids` sees nothing of it any more; who is new is told by mail,
    and so is everybody when it is opened again.
    """
    allowed = required_versions(if_match)
    looker, given = Looker.of(asker), changes.model_fields_set
    people = set(changes.reviewer_ids) if changes.reviewer_ids is not None else None
    before = _seen(current, where, looker, review_id)
    if people is not None:
        new = people.difference(before.reviewer_ids)
        with current.identity_scope() as session:
            sender = before.row.sent_by
            refused = review_people.refusal(session, where.tenant_id, sender, new)
        if refused is not None:
            raise refused
    wanted = Changes(
        title=changes.title,
        message=changes.message,
        due="due_at" in given,
        due_at=changes.due_at,
        reviewer_ids=people,
        reopen="state" in given,
    )
    with opens() as session:
        view = reviews.change(session, looker, review_id, wanted, versions=allowed)
    if {"reviewer_ids", "state"} & given:
        review_people.write(current, where, review_id)
    return _tagged(view, _names(current, where, view))


@router.post(
    "/{review_id}/withdraw",
    response_model=ReviewOut,
    responses={200: TAGGED, **problems.documented(404, 409, 412, 413)},
    openapi_extra=needs(Action.REVIEWS_WRITE),
)
def withdraw_review(
    review_id: UUID, current: InstallationDep, where: PlaceDep, asker: PrincipalDep, once: OnceDep
) -> Response:
    """Take it back: for clients it is not there any more, within five seconds. It stays so."""
    looker = Looker.of(asker)
    names = _names(current, where, _seen(current, where, looker, review_id))
    return once(lambda session: _tagged(reviews.withdraw(session, looker, review_id), names))


@router.post(
    "/{review_id}/decision",
    response_model=ReviewOut,
    responses={200: TAGGED, **problems.documented(404, 409, 412, 413)},
    openapi_extra=needs(Action.REVIEWS_DECIDE),
)
def decide_review(
    review_id: UUID,
    said: DecisionIn,
    current: InstallationDep,
    where: PlaceDep,
    asker: PrincipalDep,
    once: OnceDep,
) -> Response:
    """Approve what was sent to you, or ask for changes; its sender is told by mail.

    The first decision of a round counts; it is opened again by who may send.
    """
    looker = Looker.of(asker)
    names = _names(current, where, _seen(current, where, looker, review_id))

    def decide(session: Session) -> Response:
        view = reviews.decide(session, looker, review_id, said.decision, said.comment)
        return _tagged(view, names)

    answer = once(decide)
    review_people.write(current, where, review_id)
    return answer


@router.post(
    "/{review_id}/playback",
    responses=problems.documented(404, 409),
    openapi_extra=needs(Action.REVIEWS_READ),
)
def create_review_playback(
    request: Request,
    review_id: UUID,
    current: InstallationDep,
    where: PlaceDep,
    asker: PrincipalDep,
    _: TurnDep,
) -> PlaybackOut:
    """Addresses that play what was sent; a client's have no `mp4`, and never the source.

    A client's end with the review, with the asset's other addresses, and with the membership.
    """
    looker, now = Looker.of(asker), desk(request).now()
    with current.tenant_scope(where) as session:
        view = review_views.get(session, looker, review_id)
        row = None
        if looker.sees_all:
            asker.require(Action.MEDIA_READ)
        else:
            row = review_views.seat_of(session, looker, review_id).id
        found = playbacks.grant(
            session,
            current.settings,
            where.tenant_id,
            view.row.asset_id,
            now=now,
            reviewer_row=row,
        )
    return PlaybackOut.model_validate(found)


def _seen(current: Installation, where: Place, looker: Looker, review_id: UUID) -> View:
    with current.tenant_scope(where) as session:
        return review_views.get(session, looker, review_id)


def _names(current: Installation, where: Place, *views: View) -> Names:
    people = set().union(*(view.people for view in views))
    with current.identity_scope() as session:
        return review_people.names(session, where.tenant_id, people)


def _tagged(view: View, names: Names, *, known: str | None = None) -> Response:
    return tagged(ReviewOut.of(view, names), view.row.version, known=known)
