"""What the stages of the recipe `video` take and give: each goes through JSON."""

from enum import StrEnum
from math import isfinite
from typing import Final, Literal

from pydantic import Field, field_validator

from core.renditions import Codec, Grid, Rendition
from pipeline.plan.types import Value

PROBE: Final = "probe"
PREVIEW: Final = "preview"
ANALYSE: Final = "analyse"
AUDIO: Final = "audio"
ENCODE: Final = "encode"
PACKAGE: Final = "package"
PICTURES: Final = "pictures"


class ProbeOptions(Value):
    """Bounds of what is accepted; None is the default of `transcoders.probe`."""

    max_duration_seconds: float | None = None


class Mode(StrEnum):
    """How something playable comes about before the ladder is there."""

    REMUX = "remux"
    LOWEST_RUNG = "lowest-rung"


class PreviewOptions(Value):
    """The mode and, for people, why; `rendition` is the one to encode, None where none is."""

    mode: Mode
    reason: str
    grid: Grid
    rendition: Rendition | None = None
    estimated_ladder_seconds: float = 0.0


class PreviewResult(Value):
    """What can be played already; `playable` is False where it could not be made after all."""

    playable: bool
    mode: Mode
    reason: str
    width: int = 0
    height: int = 0
    duration_seconds: float = 0.0
    codecs: str = ""
    bandwidth: int = 0
    average_bandwidth: int = 0
    seconds: float = 0.0


class AnalyseOptions(Value):
    """The ladder as it would be for any content of that size, from the largest."""

    grid: Grid
    ladder: tuple[Rendition, ...]
    hardware: bool = True


class Decision(Value):
    """What the content did to one rung: `keep`, `cap` (a lower peak) or `drop`, and why.

    `bitrate` is what it is expected to take, in bits a second; None where nothing tells.
    """

    rendition: str
    action: Literal["keep", "cap", "drop"]
    reason: str
    bitrate: int | None = None


class AnalyseResult(Value):
    """The ladder to be made; the encoder of each codec; what led to it, and what that cost.

    `complexity` is what was measured, by name: bits a second of each rung without a peak, in the
    mean and where the most happens, and what smaller tops would lose. `seconds` is what looking
    took; trials of encoders, which are remembered, are not in it.
    """

    ladder: tuple[Rendition, ...]
    encoders: dict[Codec, str]
    decisions: tuple[Decision, ...] = ()
    complexity: dict[str, float] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


class AudioOptions(Value):
    """One track of the source, made to last `seconds`; `speech` asks for 16 kHz mono, too."""

    stream: int
    seconds: float
    language: str | None = None
    title: str | None = None
    default: bool = False
    speech: bool = False


class AudioResult(Value):
    """What the track became. Loudness in LUFS, peaks in dBTP, both None where all is silent.

    `note` says why the loudness is not the target where it is not.
    """

    codec: str
    channels: int
    sample_rate: int
    bitrate: int
    duration_seconds: float
    language: str | None = None
    title: str | None = None
    default: bool = False
    source_loudness: float | None = None
    gain_db: float = 0.0
    loudness: float | None = None
    true_peak: float | None = None
    note: str | None = None
    measure_seconds: float = 0.0
    encode_seconds: float = 0.0


class ByteRange(Value):
    """Bytes of the source: `begin` inclusive, `end` exclusive; None is to its end."""

    begin: int
    end: int | None


class EncodeOptions(Value):
    """A range of the grid. Seconds are from the source's beginning.

    `seek` is the keyframe to decode from, None the very beginning; `bytes` are all that is needed
    of the source; `hold_frames` repeats the last frame that often where the picture ends early;
    every `thumbnail_every`th frame of the grid is kept small.
    """

    grid: Grid
    begin: int
    frames: int
    thumbnail_every: int
    seek: float | None = None
    bytes: tuple[ByteRange, ...] = ()
    hold_frames: int = 0


class Thumbnail(Value):
    """Facts about one small frame: mean luma 0 to 255, entropy 0 to 1.

    `blur` is the width of its edges in pixels (4 is sharp, 8 is not), None where it has none;
    `contrast` the luma between its darkest and its brightest tenth; `saturation` the mean one;
    `motion` the mean change of luma since the one before it, None for a range's first.
    """

    frame: int
    luma: float
    blur: float | None
    entropy: float
    contrast: float | None = None
    saturation: float | None = None
    motion: float | None = None

    @field_validator("blur")
    @classmethod
    def _known(cls, value: float | None) -> float | None:
        # The mean over no edges is no number, and JSON has no word for that.
        return value if value is not None and isfinite(value) else None


class Scene(Value):
    """A frame that differs from the one before it; the score is ffmpeg's scdet, 0 to 100."""

    frame: int
    score: float


class EncodeResult(Value):
    """What a range became: files `<rendition>.mp4` and `thumbnails.mjpeg`.

    `made` is the range; `encoders` are the ones really used; `notes` say where that is not the one
    asked for.
    """

    made: EncodeOptions
    frames: int
    encoders: dict[Codec, str]
    thumbnail_width: int
    thumbnail_height: int
    thumbnails: tuple[Thumbnail, ...] = ()
    scenes: tuple[Scene, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0


class PackageOptions(Value):
    """The stages whose work is joined, in order."""

    grid: Grid
    chunks: tuple[str, ...]
    tracks: tuple[str, ...] = ()
    hdr: str | None = None
    """`pq` or `hlg` where the source was HDR and what is made is not."""


class Quality(Value):
    """How close a rendition is to the source at its own size, in one sample of about 2 s."""

    rendition: str
    ssim: float
    vmaf: float
    at_seconds: float
    sample_seconds: float


class PackageResult(Value):
    """The package: what its master playlist offers, how good it is, and what each part cost."""

    renditions: tuple[Rendition, ...]
    duration_seconds: float
    frame_rate: str
    bandwidths: dict[str, int]
    average_bandwidths: dict[str, int]
    codecs: dict[str, str]
    quality: tuple[Quality, ...]
    checks: tuple[str, ...]
    """What was held against the files and found to hold, one line each."""
    join_seconds: float
    package_seconds: float
    verify_seconds: float
    tone_mapped_from: str | None = None


class PicturesOptions(Value):
    """The poster's short side in pixels; where the chunks' thumbnails are, in order."""

    grid: Grid
    chunks: tuple[str, ...]
    thumbnail_every: int
    poster_short_side: int = 1080


class PicturesResult(Value):
    """Which frame became the poster and why; the storyboard's tiles."""

    poster_frame: int
    poster_seconds: float
    poster_reason: str
    poster_width: int
    poster_height: int
    tiles: int
    tile_width: int
    tile_height: int
    tile_seconds: float
    sheets: int
