"""What the stage `thumbnails` takes and gives, and the shapes that it makes, as data."""

from typing import Final

from pydantic import Field

from core.renditions import Grid
from pipeline.plan.brand_kit import BrandKit, ColourRole
from pipeline.plan.image_networks import PLACES
from pipeline.plan.image_types import Fit
from pipeline.plan.types import Value

THUMBNAILS: Final = "thumbnails"
THUMBNAILS_FILE: Final = "thumbnails.json"
# What is longer cannot be read at a card's size.
MAX_TITLE: Final = 90

_RGB: Final = r"^#[0-9a-f]{6}$"


class ThumbnailShape(Value):
    """A shape, at most that large in pixels and bytes.

    `safe` is left, top, right and bottom, 0 to 1, of what networks lay nothing over: the length of
    a film at the lower right, buttons and words of short vertical films. Figures that are in use,
    and that no network documents. `lines` are the most that a title has.
    """

    name: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    most_bytes: int = Field(gt=0)
    safe: tuple[float, float, float, float]
    lines: int = 3


def _most_bytes(shape: str) -> int:
    """What every network takes that shows that shape."""
    return min(place.most_bytes for place in PLACES if place.shape == shape and place.most_bytes)


SHAPES: Final = tuple(
    ThumbnailShape(
        name=name, width=width, height=height, most_bytes=_most_bytes(name), safe=safe, lines=lines
    )
    for name, width, height, safe, lines in (
        ("16:9", 1280, 720, (0.04, 0.06, 0.96, 0.87), 3),
        ("9:16", 1080, 1920, (0.05, 0.12, 0.85, 0.72), 4),
        ("1:1", 1080, 1080, (0.05, 0.05, 0.95, 0.95), 4),
        ("4:5", 1080, 1350, (0.05, 0.08, 0.95, 0.92), 4),
    )
)


class ThumbnailsOptions(Value):
    """Where the film's frames are, what it is called, and how its brand looks.

    No titles are set where there is none to set. `logos` is how many the brand's kit names.
    """

    grid: Grid
    chunks: tuple[str, ...]
    title: str = Field(default="", max_length=MAX_TITLE)
    text_colour: str | None = Field(default=None, pattern=_RGB)
    plate_colour: str | None = Field(default=None, pattern=_RGB)
    logos: int = 0
    shapes: tuple[ThumbnailShape, ...] = SHAPES
    count: int = Field(default=3, ge=1, le=10)


def options_of(grid: Grid, chunks: tuple[str, ...], title: str, kit: BrandKit) -> ThumbnailsOptions:
    """For a film of that name and brand."""
    words = title.replace("_", " ").split()
    told = " ".join(words)
    while len(told) > MAX_TITLE - 1 and len(words) > 1:
        words.pop()
        told = " ".join(words) + "…"
    return ThumbnailsOptions(
        grid=grid,
        chunks=chunks,
        title=told[:MAX_TITLE],
        text_colour=kit.colour(ColourRole.TEXT),
        plate_colour=kit.colour(ColourRole.PRIMARY),
        logos=len(kit.logos),
    )


class TitleSetting(Value):
    """How a title was set: over the `picture`, a `shade` or a `plate`; contrast is that of WCAG 2.

    All but the worst hundredth of the pixels under the letters have that contrast. `box` is where
    the letters are, 0 to 1; `size` is in pixels.
    """

    over: str
    contrast: float
    size: int
    lines: tuple[str, ...]
    box: tuple[float, float, float, float]
    colour: str


class ChosenThumbnail(Value):
    """One of the best of a shape: when it is in the film, its score of 0 to 1, and the reasons."""

    shape: str
    place: int
    frame: int
    seconds: float
    score: float
    measures: dict[str, float]
    reasons: tuple[str, ...]
    faces: int
    files: tuple[str, ...] = ()
    title: TitleSetting | None = None


class ThumbnailsResult(Value):
    """What was chosen; `candidates` were looked at closely. `logo` says why there is none.

    `networks` tell which file each takes.
    """

    candidates: int
    chosen: tuple[ChosenThumbnail, ...]
    logo: str
    networks: tuple[Fit, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    cpu_seconds: float = 0.0
