"""The recipe `video`: what is made of a moving picture, and which stage waits for which.

probe ─┬─ preview
├─ analyse ── encode.0 … encode.n ─┬─ package
├─ audio.0 … audio.m ──────────────┘
├─ audio.0 ── transcribe ─┬─ captions ── captioned.0 (with package)
├─ (the chunks) ── shots ─┼─ words
│                         ├─ translate ── captioned.1 (with package, captions, captioned.0)
│                         ├─ thumbnails (of shots alone)
│                         └─ moments ── clips
└─ (the chunks' thumbnails) ───────── pictures
"""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

from core import languages
from core.errors import Rejected
from core.media import AudioStream, Probe, VideoStream
from core.renditions import Codec, Grid, Rendition, fitted, grid_of
from pipeline.plan.brief import Brief
from pipeline.plan.caption_types import (
    CAPTIONED,
    CAPTIONS,
    TRANSLATE,
    CaptionedOptions,
    CaptionsOptions,
    TranslateOptions,
)
from pipeline.plan.chunks import chunks, thumbnail_step
from pipeline.plan.clip_types import CLIPS, ClipsOptions, brand_parts, caption_look, shapes_of
from pipeline.plan.ladder import estimated_seconds, full_ladder
from pipeline.plan.moment_types import MOMENTS, MomentsOptions
from pipeline.plan.shots import SHOTS, ShotsOptions
from pipeline.plan.speech_types import TRANSCRIBE, TranscribeOptions
from pipeline.plan.thumbnails import THUMBNAILS, options_of
from pipeline.plan.types import Graph, Queue, StageSpec
from pipeline.plan.video_types import (
    ANALYSE,
    AUDIO,
    ENCODE,
    PACKAGE,
    PICTURES,
    PREVIEW,
    PROBE,
    AnalyseOptions,
    AudioOptions,
    Mode,
    PackageOptions,
    PicturesOptions,
    PreviewOptions,
    ProbeOptions,
)
from pipeline.plan.words_types import WORDS, WordsOptions, voice_of

MAX_TRACKS: Final = 8
# Segments of a copy end at its keyframes: longer groups would make players start and switch late.
MAX_GOP_SECONDS: Final = 12.0
MAX_LEVEL: Final = 52
_PROFILES: Final = ("Constrained Baseline", "Baseline", "Main", "High", "Progressive High")

# What clips are cut from is not larger: the largest are 1920 high.
_CLIPS_SHORT_SIDE: Final = 2160
# A ladder that takes longer than this is preceded by its lowest rung.
PATIENCE_SECONDS: Final = 60.0
# A picture that ends this little before its sound has not ended early.
_EARLY_SECONDS: Final = 0.1


def plan_video(probe: Probe | None, brief: Brief, codecs: Sequence[Codec] = ("h264",)) -> Graph:
    """Only the probe before there is one; then the whole graph."""
    first = StageSpec(PROBE, 3, Queue.MEDIA, ProbeOptions(), deadline_seconds=120)
    if probe is None:
        return Graph((first,))
    video = probe.main_video
    if video is None:
        raise Rejected("there is no picture in this file")
    grid, hold = timing(probe)
    ladder = full_ladder(video, codecs)
    tracks = audio_stages(probe, grid)
    step = thumbnail_step(grid)
    parts = [
        StageSpec(f"{ENCODE}.{number}", 2, Queue.MEDIA, options, (PROBE, ANALYSE), 300)
        for number, options in enumerate(
            chunks(
                probe,
                grid,
                work_seconds=estimated_seconds(grid, ladder),
                thumbnail_every=step,
                hold_frames=hold,
            )
        )
    ]
    names = tuple(part.name for part in parts)
    package = PackageOptions(
        grid=grid, chunks=names, tracks=tuple(track.name for track in tracks), hdr=video.hdr
    )
    pictures = PicturesOptions(grid=grid, chunks=names, thumbnail_every=step)
    analyse = AnalyseOptions(grid=grid, ladder=ladder)
    return Graph(
        (
            first,
            *preview_stages(probe, grid, ladder),
            StageSpec(ANALYSE, 1, Queue.MEDIA, analyse, (PROBE,), 120),
            *tracks,
            *parts,
            StageSpec(
                PACKAGE,
                2,
                Queue.MEDIA,
                package,
                (PROBE, ANALYSE, *names, *package.tracks),
                # Joining says how far it is, packaging does not.
                600 + grid.seconds / 10,
            ),
            StageSpec(PICTURES, 1, Queue.MEDIA, pictures, (PROBE, ANALYSE, *names), 300),
            StageSpec(
                SHOTS, 1, Queue.LIGHT, ShotsOptions(grid=grid, chunks=names), (ANALYSE, *names), 300
            ),
            StageSpec(
                THUMBNAILS,
                1,
                Queue.MEDIA,
                options_of(grid, names, PurePath(brief.name).stem, brief.kit),
                (ANALYSE, *names, SHOTS),
                300,
            ),
            transcribe_stage(tracks, brief),
            *spoken_stages(grid, ladder[0], brief),
            moments_stage(grid, tracks, names, brief),
            *clips_stages(video, grid, hold, tracks, brief),
        )
    )


def timing(probe: Probe) -> tuple[Grid, int]:
    """The grid, and for how many frames of it the last picture is held because sound goes on."""
    video, audio = probe.main_video, probe.main_audio
    assert video is not None
    picture = _end(video, probe)
    seconds = picture
    if audio is not None and audio.duration_seconds is not None:
        seconds = max(picture, min(_end(audio, probe), probe.duration_seconds))
    if seconds - picture < _EARLY_SECONDS:
        seconds = picture
    grid = grid_of(video, seconds)
    return grid, grid.frames - grid_of(video, picture).frames


def _end(stream: VideoStream | AudioStream, probe: Probe) -> float:
    """When a stream ends, in seconds from the file's beginning."""
    if stream.duration_seconds is None:
        return probe.duration_seconds
    return max(0.0, stream.start_seconds - probe.start_seconds) + stream.duration_seconds


def audio_stages(probe: Probe, grid: Grid) -> list[StageSpec]:
    """A stage for each track, the main one first; it alone is listened to for its words."""
    main = probe.main_audio
    ordered = sorted(probe.audio, key=lambda track: track is not main)[:MAX_TRACKS]
    return [
        StageSpec(
            f"{AUDIO}.{number}",
            1,
            Queue.MEDIA,
            AudioOptions(
                stream=track.index,
                seconds=grid.seconds,
                language=track.language,
                title=track.title,
                default=track is main,
                speech=track is main,
            ),
            (PROBE,),
            300,
        )
        for number, track in enumerate(ordered)
    ]


def transcribe_stage(tracks: Sequence[StageSpec], brief: Brief) -> StageSpec:
    """What listens to the main track; where there is none, it says so."""
    heard = tuple(track.name for track in tracks[:1])
    options = TranscribeOptions(audio=heard[0] if heard else None, glossary=brief.vocabulary)
    # Eight half minutes are heard at once, before anything is said of them.
    return StageSpec(TRANSCRIBE, 1, Queue.GPU, options, (PROBE, *heard), 600)


def spoken_stages(grid: Grid, largest: Rendition, brief: Brief) -> tuple[StageSpec, ...]:
    """What is written of what was said: captions, and the words that a film is published with.

    No package waits for captions: it is told of them once both are there.
    """
    captions = CaptionsOptions(
        rate=str(grid.fps),
        seconds=grid.seconds,
        width=largest.width,
        height=largest.height,
        glossary=brief.vocabulary,
    )
    words = WordsOptions(
        name=PurePath(brief.name).stem,
        seconds=grid.seconds,
        brand=voice_of(brief.kit),
    )
    needs = (TRANSCRIBE, SHOTS)
    heard = CaptionedOptions(sources=(CAPTIONS,), seconds=grid.seconds)
    others = tuple(filter(None, map(languages.tag, brief.kit.languages)))
    translated: tuple[StageSpec, ...] = ()
    if others:
        wanted = TranslateOptions(**captions.model_dump(), languages=others)
        both = CaptionedOptions(sources=(CAPTIONS, TRANSLATE), seconds=grid.seconds)
        after = (PACKAGE, CAPTIONS, TRANSLATE, f"{CAPTIONED}.0")
        translated = (
            StageSpec(TRANSLATE, 1, Queue.LIGHT, wanted, needs, 300),
            StageSpec(f"{CAPTIONED}.1", 1, Queue.LIGHT, both, after, 60),
        )
    return (
        StageSpec(CAPTIONS, 2, Queue.LIGHT, captions, needs, 300),
        StageSpec(f"{CAPTIONED}.0", 1, Queue.LIGHT, heard, (PACKAGE, CAPTIONS), 60),
        StageSpec(WORDS, 2, Queue.LIGHT, words, needs, 300),
        *translated,
    )


def moments_stage(
    grid: Grid, tracks: Sequence[StageSpec], chunks: tuple[str, ...], brief: Brief
) -> StageSpec:
    """What chooses the parts of the film that stand for themselves."""
    heard = tuple(track.name for track in tracks[:1])
    options = MomentsOptions(
        seconds=grid.seconds,
        audio=heard[0] if heard else None,
        chunks=chunks,
        names=brief.vocabulary[:500],
    )
    needs = (*heard, *chunks, TRANSCRIBE, SHOTS)
    return StageSpec(MOMENTS, 1, Queue.LIGHT, options, needs, 300)


def clips_stages(
    video: VideoStream, grid: Grid, hold: int, tracks: Sequence[StageSpec], brief: Brief
) -> list[StageSpec]:
    """What makes clips of the best moments; nothing where none are wanted."""
    if not brief.clips:
        return []
    width, height = fitted(video.display_size, _CLIPS_SHORT_SIDE)
    shapes, missing = shapes_of(width, height)
    heard = tuple(track.name for track in tracks[:1])
    options = ClipsOptions(
        grid=grid,
        width=width,
        height=height,
        hold_frames=hold,
        audio=heard[0] if heard else None,
        most=brief.clips,
        shapes=shapes,
        left_out=(*missing, *brand_parts(brief.kit)),
        glossary=brief.vocabulary[:500],
        look=caption_look(brief.kit),
    )
    needs = (PROBE, *heard, TRANSCRIBE, SHOTS, MOMENTS)
    return [StageSpec(CLIPS, 1, Queue.MEDIA, options, needs, 300)]


def preview_stages(probe: Probe, grid: Grid, ladder: Sequence[Rendition]) -> list[StageSpec]:
    """What plays before the ladder: a copy, its lowest rung where it takes long, or nothing."""
    video = probe.main_video
    assert video is not None
    expected = estimated_seconds(grid, ladder)
    obstacle = obstacle_to_remux(video)
    if obstacle is None:
        options = PreviewOptions(
            mode=Mode.REMUX,
            reason="the picture plays everywhere as it is",
            grid=grid,
            estimated_ladder_seconds=expected,
        )
    elif expected > PATIENCE_SECONDS:
        options = PreviewOptions(
            mode=Mode.LOWEST_RUNG,
            reason=obstacle,
            grid=grid,
            rendition=next(each for each in reversed(ladder) if each.codec == "h264"),
            estimated_ladder_seconds=expected,
        )
    else:
        return []
    return [StageSpec(PREVIEW, 1, Queue.MEDIA, options, (PROBE,), 300)]


def obstacle_to_remux(video: VideoStream) -> str | None:
    """The first reason why a picture cannot be kept as it is; None where it can."""
    gop = video.longest_gop_seconds
    unfit = (
        (video.codec != "h264", f"the picture is {video.codec}, not h264"),
        (video.profile not in _PROFILES, f"the profile is {video.profile}"),
        (video.pix_fmt not in ("yuv420p", "yuvj420p"), f"the pixels are {video.pix_fmt}"),
        (not video.level or video.level > MAX_LEVEL, f"the level is {video.level}"),
        (video.interlaced, "the picture is interlaced"),
        (video.rotation != 0, f"the picture is turned by {video.rotation} degrees"),
        (video.sar != "1/1", f"the pixels are not square ({video.sar})"),
        (video.hdr is not None, "the picture is HDR"),
        (video.fps is None, "the frame rate is unknown"),
        (bool(video.width % 2 or video.height % 2), "the size is odd"),
        (gop is None, "the keyframes are unknown"),
        (gop is not None and gop > MAX_GOP_SECONDS, f"keyframes are up to {gop} s apart"),
    )
    return next((reason for holds, reason in unfit if holds), None)
