"""The ladder, as data: which sizes a picture is made in, before its content has a say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from core.media import VideoStream
from core.renditions import Codec, Grid, Rendition, fitted, output_rate


@dataclass(frozen=True, slots=True)
class Rung:
    """A short side in pixels and the most bits a second of H.264 at up to 30 frames a second."""

    short_side: int
    peak_bitrate: int
    progressive: bool = False


# At most what fixed ladders spend on average: where all of it is needed, more gained nothing that
# could be seen (docs/benchmarks.md).
RUNGS: Final = (
    Rung(2160, 16_000_000, progressive=True),
    Rung(1440, 9_000_000),
    Rung(1080, 5_000_000, progressive=True),
    Rung(720, 2_800_000, progressive=True),
    Rung(480, 1_400_000),
    Rung(360, 800_000, progressive=True),
    Rung(240, 400_000),
)


@dataclass(frozen=True, slots=True)
class CodecRates:
    """How a codec compares with H.264: the part of its bits, and the quality number it takes."""

    bits: float
    crf: float


RATES: Final[dict[Codec, CodecRates]] = {
    "h264": CodecRates(1.0, 21.0),
    "hevc": CodecRates(0.7, 24.0),
    "av1": CodecRates(0.55, 32.0),
}
# Smaller pictures than this some encoders do not take, or crash on.
LEAST_SIDES: Final[dict[Codec, int]] = {"h264": 2, "hevc": 64, "av1": 64}
_HIGH_RATE: Final = 31
_HIGH_RATE_BITS: Final = 1.5
# What two cores encode, in pixels of all rungs a second: docs/benchmarks.md.
_PIXELS_A_SECOND: Final[dict[Codec, float]] = {"h264": 100e6, "hevc": 35e6, "av1": 100e6}


def full_ladder(video: VideoStream, codecs: Sequence[Codec] = ("h264",)) -> tuple[Rendition, ...]:
    """Every rung that is not above the source, from the largest; each codec in its turn.

    A source that lies between two rungs gets one of its own size in place of the rung above it; one
    that is smaller than every rung gets its own size alone.
    """
    size = video.display_size
    factor = _HIGH_RATE_BITS if output_rate(video) > _HIGH_RATE else 1.0
    # Whatever the size, the largest can be downloaded whole.
    first, *others = _rungs(min(size))
    rungs = (replace(first, progressive=True), *others)
    made = (_rendition(rung, size, factor, codec) for codec in codecs for rung in rungs)
    return tuple(one for one in made if min(one.width, one.height) >= LEAST_SIDES[one.codec])


def estimated_seconds(grid: Grid, ladder: Sequence[Rendition]) -> float:
    """About how long two cores take for a ladder."""
    each = (one.width * one.height / _PIXELS_A_SECOND[one.codec] for one in ladder)
    return round(grid.frames * sum(each), 1)


def _rungs(short_side: int) -> list[Rung]:
    # An odd size is rounded up to an even one.
    below = [rung for rung in RUNGS if rung.short_side <= short_side + 1]
    if below and below[0].short_side * _NEAR >= short_side:
        return below
    above = [rung for rung in RUNGS if rung.short_side > short_side]
    if not above:
        return below
    # Its pixels are fewer than that rung's, and so are its bits.
    side = short_side - short_side % 2 or 2
    part = Fraction(side, above[-1].short_side) ** 2
    least = below[0].peak_bitrate if below else _LEAST_BITS
    own = Rung(side, max(least, int(above[-1].peak_bitrate * part)), progressive=True)
    return [own, *below]


# A source this little above a rung gains nothing by a size of its own.
_NEAR: Final = 1.15
_LEAST_BITS: Final = 200_000


def _rendition(rung: Rung, size: tuple[int, int], factor: float, codec: Codec) -> Rendition:
    width, height = fitted(size, rung.short_side)
    rates = RATES[codec]
    suffix = "" if codec == "h264" else f"-{codec}"
    return Rendition(
        name=f"{rung.short_side}p{suffix}",
        rung=rung.short_side,
        width=width,
        height=height,
        crf=rates.crf,
        peak_bitrate=int(rung.peak_bitrate * factor * rates.bits),
        codec=codec,
        progressive=rung.progressive and codec == "h264",
    )
