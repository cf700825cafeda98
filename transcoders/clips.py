"""A clip in every shape from one decode of the source: windows, captions, encoders, as one command.

Frames are those of the source's grid (`transcoders.picture`); a clip's first frame is its number 0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor
from pathlib import Path
from typing import Final

from ffmpeg.streams.video import VideoStream as Picture

from core.media import Probe
from core.renditions import Grid, Rendition
from transcoders import audio, encoders
from transcoders.captions.burning import burn_in
from transcoders.commands import DECODER_THREADS, NO_METADATA, begin_arguments
from transcoders.containers import Container
from transcoders.ffmpeg import input_arguments
from transcoders.loudness import Gain
from transcoders.picture import INPUT, of_source, on_grid, scaled, to_sdr
from transcoders.subjects.splines import Span, expression, path
from transcoders.subjects.wanted import Piece
from transcoders.tools import Tools

FRAMES: Final = "frames.mjpeg"
GRAPH: Final = "graph.txt"
LOOK_SIDE: Final = 640
"""Faces are looked for in pictures whose long side has so many pixels."""
LOOKS_A_SECOND: Final = 5

# A window that moves is cut out with so much more on both sides, in pixels of the source, and cut
# again after it was scaled: what moves by less than a pixel does not jump by two.
_SPARE: Final = 2
_JUST_SECONDS: Final = 0.0005
_AUDIO_AHEAD_SECONDS: Final = 2.0
# Sound that is cut in the middle clicks.
_FADE_SECONDS: Final = 0.03
_AUDIO_BITRATE: Final = 128_000


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and frames `begin` to before `end` of its grid; `seek` is a keyframe's seconds.

    `size` is what is cut from: even, upright, with square pixels.
    """

    path: Path
    container: Container
    probe: Probe
    grid: Grid
    begin: int
    end: int
    size: tuple[int, int]
    seek: float | None = None
    hold_frames: int = 0

    @property
    def frames(self) -> int:
        """How many there are."""
        return self.end - self.begin

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return float(self.frames / self.grid.fps)

    @property
    def begin_seconds(self) -> float:
        """When it begins, in seconds of the film."""
        return float(self.begin / self.grid.fps)


@dataclass(frozen=True, slots=True)
class Cut:
    """One shape: where it is cut out, how it is encoded, and the script that is burned in."""

    rendition: Rendition
    pieces: tuple[Piece, ...]
    captions: Path | None
    target: Path


@dataclass(frozen=True, slots=True)
class Sound:
    """The main track on the film's time line, and how much louder it becomes."""

    track: Path
    gain: Gain


def look_step(grid: Grid) -> int:
    """Every how many frames a clip is looked at."""
    return max(1, round(grid.fps / LOOKS_A_SECOND))


def look_size(size: tuple[int, int]) -> tuple[int, int]:
    """How large the frames are that are looked at; never enlarged."""
    part = min(1.0, LOOK_SIDE / max(size))
    return max(2, round(size[0] * part / 2) * 2), max(2, round(size[1] * part / 2) * 2)


def looked_at(tools: Tools, source: Source) -> tuple[str, ...]:
    """The command that writes small frames into the folder where it runs."""
    video = source.probe.main_video
    assert video is not None, "a probe without a picture is refused before"
    picture = _frames(source).select(expr=f"not(mod(pts-{source.begin},{look_step(source.grid)}))")
    size = look_size(source.size)
    small = picture.video(0)
    small = to_sdr(small, video, size) if video.hdr else small
    width, height = size
    output = (
        small.scale(
            w=str(width), h=str(height), flags="area", out_color_matrix="bt601", out_range="full"
        )
        .setsar(sar="1")
        .format(pix_fmts="yuvj420p")
        .output(
            filename=FRAMES,
            extra_options={
                "fps_mode": "passthrough", "c:v": "mjpeg", "q:v": 3, "threads": 1,
                "flags": "+bitexact", "fflags": "+bitexact", "f": "image2pipe",
            },
        )
    )  # fmt: skip
    graph = output.compile()
    return (*_begin(tools, source), *graph[graph.index(INPUT) + 1 :])


def loudness(
    tools: Tools, track: Path, begin: float, seconds: float, gain: Gain | None = None
) -> tuple[str, ...]:
    """How loud a part of the track is, or would be with a gain."""
    graph = ",".join((_part(begin, seconds), *([audio.louder(gain)] if gain else []), _METER))
    return (
        *begin_arguments(tools, level="info"),
        *_track(track, begin), "-map", "0:a:0", "-af", graph, "-f", "null", "-",
    )  # fmt: skip


def heard(tools: Tools, made: Path) -> tuple[str, ...]:
    """How loud a clip became."""
    return (
        *begin_arguments(tools, level="info"),
        *input_arguments(made), "-map", "0:a:0", "-af", _METER, "-f", "null", "-",
    )  # fmt: skip


def render(
    tools: Tools, source: Source, cuts: Sequence[Cut], sound: Sound | None, step: int
) -> tuple[tuple[str, ...], str]:
    """The command, and the graph that it reads from the file `GRAPH` where it runs."""
    encoder = encoders.software("h264")
    words: list[str] = []
    for number, cut in enumerate(cuts):
        options = encoders.output_options(encoder, cut.rendition, source.grid)
        words += ["-map", f"[v{number}]"]
        for name, value in options.items():
            words += [f"-{name}", value]
        if sound is not None:
            words += [
                "-map", f"[a{number}]", "-c:a", "aac", "-aac_coder", "fast",
                "-b:a", str(_AUDIO_BITRATE), "-flags:a", "+bitexact",
            ]  # fmt: skip
        words += [
            "-frames:v", str(source.frames), "-fps_mode", "passthrough", *NO_METADATA,
            "-fflags", "+bitexact", "-movie_timescale", str(audio.RATE),
            "-movflags", "+faststart", "-f", "mp4", str(cut.target),
        ]  # fmt: skip
    tracks = _track(sound.track, source.begin_seconds) if sound is not None else ()
    command = (*_begin(tools, source), *tracks, "-/filter_complex", GRAPH, *words)
    return command, graph(source, cuts, sound, step)


def graph(source: Source, cuts: Sequence[Cut], sound: Sound | None, step: int) -> str:
    """From the source's picture and the film's track to `[v0]`, `[a0]`, … of each cut."""
    video = source.probe.main_video
    assert video is not None, "a probe without a picture is refused before"
    picture = _frames(source)
    if video.hdr:
        picture = to_sdr(picture, video, source.size)
    first = _text(scaled(picture, video, source.size))
    names = "".join(f"[p{number}]" for number in range(len(cuts)))
    chains = [f"{first};[base]setpts=PTS-{source.begin},split={len(cuts)}{names}"]
    for number, cut in enumerate(cuts):
        chains += _shape(source, cut, number, step)
    if sound is not None:
        outs = "".join(f"[a{number}]" for number in range(len(cuts)))
        part = _part(source.begin_seconds, source.seconds)
        count = audio.samples(source.seconds)
        fades = (
            f"afade=t=in:d={_FADE_SECONDS},"
            f"afade=t=out:st={max(0.0, source.seconds - _FADE_SECONDS):.6f}:d={_FADE_SECONDS}"
        )
        chains.append(
            f"[1:a:0]{part},{audio.louder(sound.gain)},{fades},apad=whole_len={count},"
            f"atrim=end_sample={count},asplit={len(cuts)}{outs}"
        )
    return ";\n".join(chains) + "\n"


def _shape(source: Source, cut: Cut, number: int, step: int) -> list[str]:
    """From `[p…]` to `[v…]`."""
    pairs = [piece for piece in cut.pieces if len(piece.windows) == 2]
    burned = f",{burn_in(cut.captions)}" if cut.captions else ""
    end = f"{burned},format=yuv420p[v{number}]"
    size = cut.rendition.width, cut.rendition.height
    whole = _single(cut.pieces)
    if not pairs:
        return [f"[p{number}]{_window(source.size, whole, 0, size, step)}{end}"]
    half = size[0], size[1] // 2
    upper = _filled(cut.pieces, pairs)
    # A pair stands over what one window would show; it is drawn only while there is one.
    enable = "+".join(f"between(n,{piece.begin},{piece.end - 1})" for piece in pairs)
    return [
        f"[p{number}]split=3[p{number}s][p{number}u][p{number}l]",
        f"[p{number}s]{_window(source.size, whole, 0, size, step)}[s{number}]",
        f"[p{number}u]{_window(source.size, upper, 0, half, step)}[u{number}]",
        f"[p{number}l]{_window(source.size, upper, 1, half, step)}[l{number}]",
        f"[u{number}][l{number}]vstack=inputs=2[w{number}]",
        f"[s{number}][w{number}]overlay=x=0:y=0:enable='{enable}'{end}",
    ]


def _single(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Those with one window; under a pair, whatever window is next to it."""
    alone = [piece for piece in pieces if len(piece.windows) == 1]
    return _filled(pieces, alone) if alone else tuple(pieces)


def _filled(pieces: Sequence[Piece], kept: Sequence[Piece]) -> tuple[Piece, ...]:
    """All pieces; those that are not kept show the first place of one that is."""
    spare = [
        type(window)(window.width, window.height, window.x[:1], window.y[:1])
        for window in kept[0].windows
    ]
    return tuple(
        piece if piece in kept else Piece(piece.begin, piece.end, piece.seen, tuple(spare))
        for piece in pieces
    )


def _window(
    picture: tuple[int, int], pieces: Sequence[Piece], window: int, size: tuple[int, int], step: int
) -> str:
    """One window of all pieces, cut out and scaled."""
    one = pieces[0].windows[min(window, len(pieces[0].windows) - 1)]
    across, down = path(pieces, window, "x", step), path(pieces, window, "y", step)
    scale = "scale=w={}:h={}:flags=bicubic,setsar=1"
    if _still(across) and _still(down):
        cropped = (
            f"crop=w={one.width}:h={one.height}:x='{expression(across)}':y='{expression(down)}'"
        )
        return f"{cropped},{scale.format(*size)}"
    x = _axis(across, one.width, picture[0], size[0])
    y = _axis(down, one.height, picture[1], size[1])
    return (
        f"crop=w={x.cut}:h={y.cut}:x='{x.rough}':y='{y.rough}',"
        f"{scale.format(x.scaled, y.scaled)},"
        f"crop=w={size[0]}:h={size[1]}:x='{x.fine}':y='{y.fine}':exact=1"
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    """One axis of a window that moves: roughly before scaling, finely behind it."""

    cut: int
    scaled: int
    rough: str
    fine: str


def _axis(spans: Sequence[Span], window: int, picture: int, size: int) -> _Axis:
    at = expression(spans)
    if _still(spans):
        return _Axis(window, size, at, "0")
    cut = min(window + 2 * _SPARE, floor(picture / 2) * 2)
    enlarged = round(cut * size / window / 2) * 2
    room = picture - cut
    # Even, as planes of colour are; the same in both places, so that what is left is exact.
    rough = f"clip(2*floor(({at})/2),0,{room})"
    fine = f"({at}-{rough})*{enlarged / cut:.6f}"
    return _Axis(cut, max(size, enlarged), rough, fine)


def _still(spans: Iterable[Span]) -> bool:
    """Whether a window only jumps."""
    return all(abs(one.b) < 1e-9 and abs(one.c) < 1e-9 for one in spans)


def _frames(source: Source) -> Picture:
    video = source.probe.main_video
    assert video is not None, "a probe without a picture is refused before"
    return on_grid(
        of_source(source.probe, video),
        video,
        source.grid,
        begin=source.begin,
        end=source.end,
        hold_frames=source.hold_frames,
    )


def _text(picture: Picture) -> str:
    """A graph that ends in `[base]`, of words for ffmpeg."""
    words = picture.output(filename="-").compile()
    text = words[words.index("-filter_complex") + 1]
    label = words[words.index("-map") + 1]
    return text.removesuffix(label) + "[base]"


def _begin(tools: Tools, source: Source) -> tuple[str, ...]:
    seek = () if source.seek is None else ("-ss", f"{source.seek + _JUST_SECONDS:.6f}")
    return (
        *begin_arguments(tools),
        "-threads", str(DECODER_THREADS), "-copyts", "-start_at_zero", "-noaccurate_seek", *seek,
        *input_arguments(source.path, source.container, probe=source.probe),
    )  # fmt: skip


def _track(track: Path, begin: float) -> tuple[str, ...]:
    """A file of ours, read from a little before a time; its own clock is kept."""
    ahead = max(0.0, begin - _AUDIO_AHEAD_SECONDS)
    seek = ("-ss", f"{ahead:.6f}") if ahead else ()
    return ("-copyts", "-noaccurate_seek", *seek, *input_arguments(track))


def _part(begin: float, seconds: float) -> str:
    return f"atrim=start={begin:.6f}:end={begin + seconds:.6f},asetpts=PTS-STARTPTS"


_METER: Final = "ebur128=framelog=quiet:peak=true"
