"""What the stage `clips` takes and gives: the best moments, upright, square and 4:5."""

from typing import Final, Literal

from pydantic import Field

from core.renditions import Grid
from pipeline.plan.brand_kit import BrandKit, ColourRole
from pipeline.plan.caption_types import CaptionLook
from pipeline.plan.types import Value

CLIPS: Final = "clips"
CLIP: Final = "clip"
"""The kind of the artifacts: an MP4 for each shape, and a JSON that tells all of a clip."""

LEAST_SECONDS: Final = 3.0
"""No network takes a shorter video."""
MOST_ENLARGED: Final = 4.0
"""Beyond it a picture is too coarse to be shown; the smallest size below is 540 wide."""
_USUAL_ENLARGED: Final = 1.8
_LEAST_CONTRAST: Final = 4.5


class ClipSize(Value):
    """A size in pixels, and the most bits a second."""

    width: int
    height: int
    peak_bitrate: int


SHAPES: Final[dict[str, tuple[ClipSize, ...]]] = {
    "9:16": (
        ClipSize(width=1080, height=1920, peak_bitrate=5_000_000),
        ClipSize(width=720, height=1280, peak_bitrate=2_800_000),
        ClipSize(width=540, height=960, peak_bitrate=1_800_000),
    ),
    "1:1": (
        ClipSize(width=1080, height=1080, peak_bitrate=3_500_000),
        ClipSize(width=720, height=720, peak_bitrate=2_000_000),
        ClipSize(width=540, height=540, peak_bitrate=1_300_000),
    ),
    "4:5": (
        ClipSize(width=1080, height=1350, peak_bitrate=4_000_000),
        ClipSize(width=720, height=900, peak_bitrate=2_300_000),
        ClipSize(width=544, height=680, peak_bitrate=1_500_000),
    ),
}
"""The sizes of each shape, from the largest."""


class ClipShape(Value):
    """A shape that is made, and by how much the picture is enlarged for it."""

    name: str
    size: ClipSize
    enlarged: float


class LeftOut(Value):
    """Something that was wanted and is not there, and why."""

    what: str
    reason: str


class ClipsOptions(Value):
    """How many clips, of what: the film's frames, its size as it is cut from, and its sound.

    `audio` is the stage with the main track, None where there is none. `hold_frames` repeats the
    last picture where the sound goes on. `left_out` tells what is known beforehand.
    """

    grid: Grid
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    hold_frames: int = 0
    audio: str | None = None
    most: int = Field(default=3, ge=1, le=20)
    shapes: tuple[ClipShape, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    glossary: tuple[str, ...] = ()
    look: CaptionLook = CaptionLook()


class PathWindow(Value):
    """A window's size in pixels of the picture, and where its left and upper edges are.

    One number stands still; more are control points of a quadratic B-spline, `step` frames apart.
    """

    width: int
    height: int
    x: tuple[float, ...]
    y: tuple[float, ...]


class PathPiece(Value):
    """From frame `begin` to before `end` of the clip; two windows stand one above the other."""

    begin: int
    end: int
    seen: Literal["faces", "saliency", "whole"]
    windows: tuple[PathWindow, ...]


class ClipFile(Value):
    """One shape of one clip. Loudness in LUFS, peaks in dBTP; `note` says why it is not the target.

    `violations` counts by rule what the captions could not keep.
    """

    shape: str
    file: str
    width: int
    height: int
    enlarged: float
    bytes: int
    frames: int
    cues: int
    violations: dict[str, int]
    loudness: float | None = None
    true_peak: float | None = None
    note: str | None = None
    path: tuple[PathPiece, ...]


class Clip(Value):
    """A moment as clips: when it is in the film, in seconds, how good it is, and its files.

    Crop paths are of a picture of `picture` pixels; their points are `step` frames apart.
    """

    number: int
    begin: float
    end: float
    points: int
    text: str
    picture: tuple[int, int]
    step: int
    faces: int
    files: tuple[ClipFile, ...]


class Costs(Value):
    """Seconds of the processor for each part of the work."""

    looking: float = 0.0
    following: float = 0.0
    sound: float = 0.0
    rendering: float = 0.0


class ClipsResult(Value):
    """The clips without their paths, which their own JSON has; what is not there, and why."""

    clips: int = 0
    files: int = 0
    left_out: tuple[LeftOut, ...] = ()
    captions: str = ""
    skipped: str | None = None
    tools: str = ""
    costs: Costs = Costs()
    seconds: float = 0.0
    peak_bytes: int = 0


def shapes_of(width: int, height: int) -> tuple[tuple[ClipShape, ...], tuple[LeftOut, ...]]:
    """What is made of a picture of that size: the largest sizes that do not enlarge it much."""
    made, missing = [], []
    for name, sizes in SHAPES.items():
        ratios = [
            (size, size.width / min(width, height * size.width / size.height)) for size in sizes
        ]
        usual = [(size, ratio) for size, ratio in ratios if ratio <= _USUAL_ENLARGED]
        size, ratio = usual[0] if usual else ratios[-1]
        if ratio > MOST_ENLARGED:
            reason = (
                f"a picture of {width}×{height} would be enlarged {ratio:.1f} times: "
                f"at most {MOST_ENLARGED:.0f} are good to look at"
            )
            missing.append(LeftOut(what=name, reason=reason))
        else:
            made.append(ClipShape(name=name, size=size, enlarged=round(ratio, 3)))
    return tuple(made), tuple(missing)


def brand_parts(kit: BrandKit) -> tuple[LeftOut, ...]:
    """What of a kit's looks clips do not have, and why."""
    wanted = {
        "watermark": kit.watermark is not None,
        "intro": kit.intro_asset_id is not None,
        "outro": kit.outro_asset_id is not None,
    }
    return tuple(
        LeftOut(
            what=name,
            reason="a stage is not given the files of other assets yet"
            if named
            else "the brand's kit names none",
        )
        for name, named in wanted.items()
    )


def caption_look(kit: BrandKit) -> CaptionLook:
    """Captions in the brand's colours: a word that is said has its accent, if it can be read."""
    for role in (ColourRole.ACCENT, ColourRole.PRIMARY, ColourRole.SECONDARY):
        found = kit.colour(role)
        # Letters have a black outline: on whatever picture, they are read against that.
        if found is not None and contrast(found, "#000000") >= _LEAST_CONTRAST:
            return CaptionLook(said_colour=found.removeprefix("#"))
    return CaptionLook()


def contrast(one: str, other: str) -> float:
    """Of two colours as #rrggbb, from 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    plain = colour.removeprefix("#")
    parts = [int(plain[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
