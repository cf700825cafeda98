"""Renditions and the frames they share: words and geometry that planning and transcoding share.

Everything that is made of one source lies on one grid: a constant frame rate, groups of pictures
of equal length and segments of whole groups, all counted in frames from the source's beginning.
A chunk of work is a range of that grid, so that chunks meet without a frame lost or doubled.
"""

from fractions import Fraction
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from core.media import VideoStream

GOP_SECONDS: Final = 2
SEGMENT_GOPS: Final = 3
MAX_FPS: Final = 60

Codec = Literal["h264", "hevc", "av1"]

_RATES: Final = tuple(
    Fraction(*rate)
    for rate in ((10, 1), (15, 1), (24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1),
                 (50, 1), (60000, 1001), (60, 1))
)  # fmt: skip


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Grid(_Value):
    """The frames that every rendition of a source has. `rate` is a fraction, such as 30000/1001."""

    rate: str
    frames: int
    gop_frames: int

    @property
    def fps(self) -> Fraction:
        """Frames a second, exactly."""
        return Fraction(self.rate)

    @property
    def segment_frames(self) -> int:
        """Frames of a segment: whole groups of pictures, about 6 s."""
        return self.gop_frames * SEGMENT_GOPS

    @property
    def seconds(self) -> float:
        """How long the picture lasts."""
        return float(self.frames / self.fps)


class Rendition(_Value):
    """One encoded size of the picture. Bits a second at the peak, under a constant quality.

    `rung` is the short side of the ladder's rung that it stands on; `progressive` asks for an MP4
    that can be downloaded and shared.
    """

    name: str
    rung: int
    width: int
    height: int
    crf: float
    peak_bitrate: int
    codec: Codec = "h264"
    progressive: bool = False


class Frame(_Value):
    """The picture that is made: `inner` is what the whole source is scaled to, upright.

    It lies at `x`, `y` of a canvas of `width` × `height`, all in pixels: where it is smaller than
    the canvas there are bars, where it is larger the rest is cut off.
    """

    width: int
    height: int
    inner_width: int
    inner_height: int
    x: int
    y: int

    @property
    def padded(self) -> bool:
        """Whether there are bars."""
        return self.inner_width < self.width or self.inner_height < self.height

    @property
    def cropped(self) -> bool:
        """Whether something is cut off."""
        return self.inner_width > self.width or self.inner_height > self.height


def fitted(size: tuple[int, int], short_side: int) -> tuple[int, int]:
    """The largest even size of that shape whose short side fits; never enlarged."""
    width, height = size
    scale = min(Fraction(1), Fraction(short_side, min(width, height)))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def output_rate(video: VideoStream) -> Fraction:
    """Frames a second of what is made of a picture: its own where that is constant, at most 60."""
    rate = video.fps or Fraction(30)
    if not video.constant_rate:
        # An average of 29.87 means 30 with gaps; the standard rates are what players expect.
        rate = min(_RATES, key=lambda standard: abs(standard - rate))
    while rate > MAX_FPS:
        rate /= 2
    return rate


def grid_of(video: VideoStream, seconds: float) -> Grid:
    """The grid of a source whose picture is to last `seconds`; at least one frame."""
    rate = output_rate(video)
    frames = max(1, round(Fraction(seconds) * rate))
    gop = max(1, round(rate * GOP_SECONDS))
    return Grid(rate=f"{rate.numerator}/{rate.denominator}", frames=frames, gop_frames=gop)
