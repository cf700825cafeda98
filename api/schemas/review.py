"""Reviews and what is said to them, as the API takes and sends them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from api.paging import Page
from api.schemas.examples import (
    ASSET,
    COMMENT,
    FILM,
    FILM_BYTES,
    NAME,
    REVIEW,
    REVIEWER,
    USER,
    example,
)
from core.errors import Rejected
from core.media import VideoStream
from models.review import ReviewComment
from services import reviews
from services.media import media_seconds
from services.review_comments import LATEST_MS
from services.review_views import State, View
from services.reviews import REVIEWERS, TEXT_LENGTH, TITLE_LENGTH, Decision

Names = Mapping[UUID, str]


def _text(text: str) -> str:
    try:
        return reviews.checked_text(text, TEXT_LENGTH, lines=True)
    except Rejected as error:
        raise ValueError(str(error)) from None


def _said(text: str) -> str:
    found = _text(text)
    if not found:
        raise ValueError("it has at least one character")
    return found


def _title(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        found = reviews.checked_text(text, TITLE_LENGTH)
    except Rejected as error:
        raise ValueError(str(error)) from None
    if not found:
        raise ValueError("it has at least one character")
    return found


def _once(people: list[UUID] | None) -> list[UUID] | None:
    if people is not None and len(set(people)) != len(people):
        raise ValueError("each person stands there once")
    return people


Title = Annotated[str, Field(min_length=1, max_length=TITLE_LENGTH)]
Text = Annotated[str, Field(max_length=TEXT_LENGTH), AfterValidator(_text)]
Said = Annotated[str, Field(min_length=1, max_length=TEXT_LENGTH), AfterValidator(_said)]
People = Annotated[list[UUID], Field(min_length=1, max_length=REVIEWERS)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReviewCreate(_In):
    """An asset, and to whom it is sent."""

    model_config = ConfigDict(
        json_schema_extra=example(
            asset_id=ASSET,
            reviewer_ids=[REVIEWER],
            title="The spring film",
            message="Second cut, with the new end card.",
            due_at="2026-03-13T17:00:00Z",
        )
    )

    asset_id: UUID
    reviewer_ids: Annotated[People, AfterValidator(_once)] = Field(
        description="Active members of the tenant, of any role; not yourself."
    )
    title: Annotated[Title | None, AfterValidator(_title)] = Field(
        default=None, description="The asset's name where there is none."
    )
    message: Text = Field(default="", description="What they should know; may have several lines.")
    due_at: AwareDatetime | None = Field(
        default=None, description="Until when an answer is hoped for; nothing happens then."
    )


class ReviewPatch(_In):
    """What is to change (RFC 7396): what is left out stays, and null takes the date away."""

    model_config = ConfigDict(json_schema_extra=example(message="Third cut.", state="open"))

    title: Annotated[Title | None, AfterValidator(_title)] = None
    message: Text | None = None
    due_at: AwareDatetime | None = None
    reviewer_ids: Annotated[People | None, AfterValidator(_once)] = Field(
        default=None, description="All whom it is sent to from now on."
    )
    state: Literal["open"] | None = Field(
        default=None, description="Opens it again after a decision, for another round."
    )

    @model_validator(mode="after")
    def _nothing_else_is_removed(self) -> Self:
        for name in self.model_fields_set - {"due_at"}:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be removed: leave it out, and it stays")
        return self


class DecisionIn(_In):
    """Yes or no."""

    model_config = ConfigDict(json_schema_extra=example(decision="approved", comment="Lovely. Go."))

    decision: Decision
    comment: Text = Field(default="", description="Why; it is kept with the comments.")


class CommentIn(_In):
    """Something to be said."""

    model_config = ConfigDict(
        json_schema_extra=example(text="The logo comes too late here.", at_ms=14_200)
    )

    text: Said
    at_ms: int | None = Field(
        default=None, ge=0, le=LATEST_MS, description="Of which moment of a video; milliseconds."
    )


class ReviewPersonOut(BaseModel):
    """Somebody who is named in a review."""

    model_config = ConfigDict(json_schema_extra=example(id=REVIEWER, name="Tomas Reyes"))

    id: UUID
    name: str | None = Field(description="Null for somebody who has left the tenant.")


class ReviewAssetOut(BaseModel):
    """What is to be looked at."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=ASSET,
            name=FILM,
            kind="video",
            bytes=FILM_BYTES,
            duration_seconds=62.4,
            width=1920,
            height=1080,
        )
    )

    id: UUID
    name: str
    kind: str
    bytes: int
    duration_seconds: float | None = Field(description="Null for what has none, or not yet.")
    width: int | None = Field(description="As it is seen; null for what is not known yet.")
    height: int | None


class ReviewOut(BaseModel):
    """An asset that was sent for review."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=REVIEW,
            title="The spring film",
            message="Second cut, with the new end card.",
            state="open",
            round=1,
            sent_by={"id": USER, "name": NAME},
            due_at="2026-03-13T17:00:00Z",
            decided_by=None,
            decided_at=None,
            version=1,
            created_at="2026-03-09T09:30:00Z",
        )
    )

    id: UUID
    asset: ReviewAssetOut
    title: str
    message: str
    state: State
    round: int = Field(description="Counts how often it was opened.")
    sent_by: ReviewPersonOut | None = Field(description="Null where a key has sent it.")
    reviewers: list[ReviewPersonOut]
    due_at: datetime | None
    decided_by: ReviewPersonOut | None
    decided_at: datetime | None
    version: int = Field(description="Counts what people change of it; part of the ETag.")
    created_at: datetime

    @classmethod
    def of(cls, view: View, names: Names) -> Self:
        """A review, with people by the names that are known."""
        row = view.row
        own = (
            "id", "title", "message", "state", "round", "due_at", "decided_at", "version",
            "created_at",
        )  # fmt: skip
        return cls(
            **{name: getattr(row, name) for name in own},
            asset=_asset(row),
            sent_by=_person(row.sent_by, names),
            decided_by=_person(row.decided_by, names),
            reviewers=[ReviewPersonOut(id=one, name=names.get(one)) for one in view.reviewer_ids],
        )


class ReviewPage(Page[ReviewOut]):
    """Reviews, newest first."""


class CommentOut(BaseModel):
    """Something that was said, or how it was decided."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=COMMENT,
            text="The logo comes too late here.",
            at_ms=14_200,
            round=1,
            decision=None,
            created_at="2026-03-09T10:05:00Z",
            resolved_at=None,
        )
    )

    id: UUID
    author: ReviewPersonOut | None = Field(description="Null where a key has said it.")
    text: str
    at_ms: int | None
    round: int = Field(description="The review's, when it was said.")
    decision: Decision | None = Field(description="Set where this is a decision.")
    created_at: datetime
    resolved_at: datetime | None

    @classmethod
    def of(cls, comment: ReviewComment, names: Names) -> Self:
        """A comment, with its author by the name that is known."""
        own = ("id", "text", "at_ms", "round", "decision", "created_at", "resolved_at")
        author = _person(comment.author_id, names)
        return cls(**{name: getattr(comment, name) for name in own}, author=author)


class CommentPage(Page[CommentOut]):
    """What was said, the oldest first."""


def _person(user_id: UUID | None, names: Names) -> ReviewPersonOut | None:
    return ReviewPersonOut(id=user_id, name=names.get(user_id)) if user_id is not None else None


def _asset(row: Any) -> ReviewAssetOut:
    width, height = _size(row.asset_media)
    return ReviewAssetOut(
        id=row.asset_id,
        name=row.asset_name,
        kind=row.asset_kind,
        bytes=row.asset_bytes,
        duration_seconds=media_seconds(row.asset_media),
        width=width,
        height=height,
    )


def _size(media: object) -> tuple[int | None, int | None]:
    """Of the picture that is shown, where probing has found one."""
    found = media.get("video") if isinstance(media, dict) else None
    try:
        return VideoStream.model_validate(found[0]).display_size if found else (None, None)
    except ValidationError:
        return None, None
