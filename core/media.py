"""Facts about a media file, as measured: the words that planning and transcoding share.

They stand in `core` because the two are peers and import nothing of each other.
"""

from fractions import Fraction

from pydantic import BaseModel, ConfigDict, field_validator


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


def _rate(value: str) -> str:
    Fraction(value)
    return value


class SeekPoint(_Fact):
    """A keyframe: seconds from the beginning of the source, and where its bytes begin."""

    seconds: float
    offset: int


class SeekIndex(_Fact):
    """Keyframes of the main picture, a few seconds apart, and where all media lies in the file.

    The media's `begin` is behind the first packets, which tell a reader what the streams are.
    `ordered` tells that what is shown later is stored later, so that a part in time is a part of
    the file.
    """

    points: tuple[SeekPoint, ...]
    begin: int
    end: int
    ordered: bool = True


class VideoStream(_Fact):
    """One moving picture. Sizes in pixels as coded; see `display_size` for what is seen."""

    index: int
    codec: str
    profile: str | None = None
    level: int | None = None
    pix_fmt: str | None = None
    bit_depth: int | None = None
    width: int
    height: int
    rotation: int = 0
    """Degrees clockwise by which the picture must be turned to be upright: 0, 90, 180 or 270."""
    sar: str = "1/1"
    frame_rate: str | None = None
    """Frames a second as a fraction, such as 30000/1001."""
    constant_rate: bool = True
    interlaced: bool = False
    bitrate: int | None = None
    start_seconds: float = 0.0
    """When it begins, on the file's own clock, as in `Probe.start_seconds`."""
    duration_seconds: float | None = None
    longest_gop_seconds: float | None = None
    """The longest time between keyframes in the part that was looked at."""
    color_transfer: str | None = None
    color_primaries: str | None = None
    color_space: str | None = None
    color_range: str | None = None
    language: str | None = None

    _fractions = field_validator("sar")(_rate)

    @property
    def hdr(self) -> str | None:
        """`pq` or `hlg` where the picture has a high dynamic range."""
        return _HDR.get(self.color_transfer or "")

    @property
    def fps(self) -> Fraction | None:
        """Frames a second, exactly."""
        return Fraction(self.frame_rate) if self.frame_rate else None

    @property
    def display_size(self) -> tuple[int, int]:
        """Width and height as seen: square pixels, upright."""
        width, height = round(self.width * Fraction(self.sar)), self.height
        return (height, width) if self.rotation in (90, 270) else (width, height)


_HDR = {"smpte2084": "pq", "arib-std-b67": "hlg"}


class AudioStream(_Fact):
    """One sound track."""

    index: int
    codec: str
    profile: str | None = None
    channels: int
    channel_layout: str | None = None
    sample_rate: int
    bitrate: int | None = None
    language: str | None = None
    title: str | None = None
    default: bool = False
    start_seconds: float = 0.0
    duration_seconds: float | None = None


class OtherStream(_Fact):
    """Subtitles, data, cover pictures."""

    index: int
    kind: str
    codec: str | None = None
    language: str | None = None


class Probe(_Fact):
    """What is in a file. `container` is ffmpeg's name of it; `bitrate` in bits a second."""

    container: str
    mime: str
    bytes: int
    duration_seconds: float
    start_seconds: float = 0.0
    bitrate: int | None = None
    index: SeekIndex | None = None
    video: tuple[VideoStream, ...] = ()
    audio: tuple[AudioStream, ...] = ()
    other: tuple[OtherStream, ...] = ()

    @property
    def main_video(self) -> VideoStream | None:
        """The picture that is shown."""
        return self.video[0] if self.video else None

    @property
    def main_audio(self) -> AudioStream | None:
        """The track marked as default, else the first."""
        return next((track for track in self.audio if track.default), next(iter(self.audio), None))
