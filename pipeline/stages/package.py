"""Stage `package`: chunks become whole, and whole renditions an adaptive stream and MP4s."""

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Final

from core import languages
from core.media import Probe
from core.renditions import Codec, Grid, Rendition
from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.video_types import (
    ANALYSE,
    PROBE,
    AnalyseResult,
    AudioResult,
    EncodeOptions,
    EncodeResult,
    PackageOptions,
    PackageResult,
    Quality,
)
from pipeline.stages.context import StageContext
from transcoders import dash, encode, joining, packaging
from transcoders.containers import recognised
from transcoders.encoders import Encoder, software
from transcoders.ffmpeg import Bounds, Progress, execute
from transcoders.presentation import (
    MASTER,
    Media,
    Presentation,
    Told,
    Track,
    present,
    tracks,
)
from transcoders.verification import PictureFile, SoundFile, Source, Verified, verify

_STREAM, _MP4 = "stream", "mp4"
_MANIFEST: Final = "manifest.mpd"
# What is packaged goes here under names of ours: the packager's descriptors know no escapes.
_WHOLE: Final = "whole"
_MIMES: Final = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mpd": "application/dash+xml",
    ".mp4": "video/mp4",
}

_BOUNDS: Final = Bounds(wall_seconds=12 * 3600.0, memory_bytes=4 << 30)
# Parts of the progress bar.
_JOINED, _PACKAGED = 0.4, 0.6


@dataclass(frozen=True, slots=True)
class _Sound:
    """A track: its file, what was made of it, and how players are told of it."""

    path: Path
    result: AudioResult
    track: Track


@dataclass(frozen=True, slots=True)
class _Package:
    """The stream's files: renditions and tracks in order, and what players are told."""

    pictures: tuple[tuple[Rendition, Media], ...]
    sounds: tuple[tuple[_Sound, Media], ...]
    presentation: Presentation


def run(context: StageContext, options: PackageOptions) -> StageResult:
    """Files `stream/…` (HLS, DASH and their media) and `mp4/<rendition>.mp4`.

    Raises PartsDiffer where an encoder made some of the chunks otherwise than the rest, and
    OutputWrong where what was made is not what was to be made.
    """
    ladder = context.value(ANALYSE, AnalyseResult).ladder
    chunks = [context.value(chunk, EncodeResult) for chunk in options.chunks]
    frames = [chunk.frames for chunk in chunks]
    sounds = _sounds(context, options)
    began = time.monotonic()
    _join(context, ladder, options.grid, _folders(context, options, chunks), frames, sounds)
    joined = time.monotonic()
    package = _package(context, options.grid, ladder, sounds)
    packaged = time.monotonic()
    verified = _verify(context, options.grid, package, [*accumulate(frames)][:-1])
    variants = package.presentation.variants
    value = PackageResult(
        renditions=ladder,
        duration_seconds=round(options.grid.seconds, 3),
        frame_rate=options.grid.rate,
        bandwidths={name: one.bandwidth for name, one in variants.items()},
        average_bandwidths={name: one.average_bandwidth for name, one in variants.items()},
        codecs={name: one.codecs for name, one in variants.items()},
        quality=tuple(Quality(**asdict(one)) for one in verified.quality),
        checks=verified.checks,
        join_seconds=round(joined - began, 3),
        package_seconds=round(packaged - joined, 3),
        verify_seconds=verified.seconds,
        tone_mapped_from=options.hdr,
    )
    return StageResult(value, _artifacts(context.scratch, options.grid, package, value))


def _sounds(context: StageContext, options: PackageOptions) -> tuple[_Sound, ...]:
    results = [context.value(stage, AudioResult) for stage in options.tracks]
    told = [Told(one.language, one.title, one.channels, one.default) for one in results]
    paths = [context.path(stage, "audio.m4a") for stage in options.tracks]
    return tuple(map(_Sound, paths, results, tracks(told)))


def _folders(
    context: StageContext, options: PackageOptions, chunks: Sequence[EncodeResult]
) -> list[Mapping[str, Path]]:
    """The files of each chunk by name, all made by the same encoders.

    Where a device failed some of them, what the others made cannot be joined with theirs by
    copying: the processor makes those again.
    """
    given = [context.inputs[chunk].paths for chunk in options.chunks]
    if all(chunk.encoders == chunks[0].encoders for chunk in chunks):
        return given
    plain = {codec: software(codec) for codec in chunks[0].encoders}
    names = {codec: encoder.name for codec, encoder in plain.items()}
    return [
        paths if chunk.encoders == names else _again(context, chunk.made, plain)
        for paths, chunk in zip(given, chunks, strict=True)
    ]


def _again(
    context: StageContext, made: EncodeOptions, encoders: Mapping[Codec, Encoder]
) -> Mapping[str, Path]:
    probe, ladder = context.value(PROBE, Probe), context.value(ANALYSE, AnalyseResult).ladder
    folder = context.scratch / f"{_WHOLE}-{made.begin}"
    folder.mkdir()
    encode.run(
        context.tools,
        context.source,
        probe,
        encode.Part(
            grid=made.grid,
            begin=made.begin,
            frames=made.frames,
            thumbnail_every=made.thumbnail_every,
            seek=made.seek,
            hold_frames=made.hold_frames,
        ),
        ladder,
        encoders,
        scratch=folder,
        scratch_bytes=context.scratch_bytes,
        cancel=context.cancel,
        progress=context.part(0.0, _JOINED),
    )
    return {f"{one.name}.mp4": folder / f"{one.name}.mp4" for one in ladder}


def _join(
    context: StageContext,
    ladder: Sequence[Rendition],
    grid: Grid,
    folders: Sequence[Mapping[str, Path]],
    frames: Sequence[int],
    sounds: Sequence[_Sound],
) -> None:
    """Puts each rendition and track below `whole`: copied only where it is in several parts.

    One in several parts that is wanted as an MP4 is joined into that, and packaged from there.
    """
    main = next((one for one in sounds if one.track.default), None)
    whole = context.scratch / _WHOLE
    for folder in (whole, context.scratch / _MP4, context.scratch / _STREAM):
        folder.mkdir()
    jobs = []
    for rendition in ladder:
        file = f"{rendition.name}.mp4"
        paths = [folder[file] for folder in folders]
        parts = joining.read_parts(rendition, paths, frames, grid)
        target = Path(_MP4 if rendition.progressive else _WHOLE, file)
        if rendition.progressive and main is not None:
            language = languages.three_letters(main.track.language)
            jobs.append(joining.Job(parts, target, main.path, language))
        elif rendition.progressive or len(parts) > 1:
            jobs.append(joining.Job(parts, target))
        if len(parts) == 1:
            # Read from where it is: an MP4 of it has sound in between.
            (whole / file).symlink_to(paths[0].absolute())
        elif rendition.progressive:
            (whole / file).symlink_to(context.scratch / target)
    for one in sounds:
        (whole / f"{one.track.name}.mp4").symlink_to(one.path.absolute())
    if jobs:
        _copy(context, grid, jobs)
    context.progress(_JOINED)


def _copy(context: StageContext, grid: Grid, jobs: Sequence[joining.Job]) -> None:
    execute(
        joining.join(context.tools, jobs, context.scratch / _WHOLE),
        bounds=replace(_BOUNDS, scratch_bytes=context.scratch_bytes),
        scratch=context.scratch,
        cancel=context.cancel,
        on_stdout_line=Progress(grid.seconds, context.part(0.0, _JOINED)).line,
    )
    for job in jobs:
        joining.check(replace(job, target=context.scratch / job.target), grid)


def _package(
    context: StageContext, grid: Grid, ladder: Sequence[Rendition], sounds: Sequence[_Sound]
) -> _Package:
    """Writes the stream: media, playlists and the manifest."""
    packaging.execute(
        _command(context, grid, ladder, [one.track for one in sounds]),
        folder=context.scratch,
        scratch_bytes=context.scratch_bytes,
        cancel=context.cancel,
    )
    shutil.rmtree(context.scratch / _WHOLE)
    stream = context.scratch / _STREAM
    manifest = (stream / _MANIFEST).read_text()
    titles = {one.track.name: one.track.title for one in sounds}
    (stream / _MANIFEST).write_text(dash.finished(manifest, titles))
    codecs = dash.codecs(manifest)
    pictures = tuple(
        (one, packaging.read_picture(stream, one.name, codecs, grid)) for one in ladder
    )
    heard = tuple((one, packaging.read_sound(stream, one.track.name, codecs)) for one in sounds)
    told = present(grid, pictures, [(one.track, media) for one, media in heard])
    for name, text in told.playlists.items():
        (stream / name).write_text(text)
    context.progress(_PACKAGED)
    return _Package(pictures, heard, told)


def _command(
    context: StageContext, grid: Grid, ladder: Sequence[Rendition], tracks: Sequence[Track]
) -> tuple[str, ...]:
    def files(name: str) -> tuple[str, str]:
        return f"{_WHOLE}/{name}.mp4", f"{_STREAM}/{name}.mp4"

    return packaging.package(
        context.tools,
        [packaging.Picture(*files(one.name)) for one in ladder],
        [
            # Titles may hold anything; the manifest gets them afterwards.
            packaging.Sound(*files(one.name), one.name, one.language, one.default)
            for one in tracks
        ],
        grid,
        f"{_STREAM}/{_MANIFEST}",
    )


def _verify(
    context: StageContext, grid: Grid, package: _Package, boundaries: Sequence[int]
) -> Verified:
    """Everything that was made, held against the plan and the source."""
    stream, copies = context.scratch / _STREAM, context.scratch / _MP4
    pictures = [PictureFile(one, stream / media.uri) for one, media in package.pictures]
    pictures += [
        PictureFile(one, copies / media.uri, progressive=True, tracks=min(1, len(package.sounds)))
        for one, media in package.pictures
        if one.progressive
    ]
    return verify(
        context.tools,
        Source(context.source, recognised(context.source), context.value(PROBE, Probe)),
        grid,
        pictures,
        [SoundFile(stream / media.uri) for _, media in package.sounds],
        scratch=context.scratch,
        boundaries=boundaries,
        scratch_bytes=context.scratch_bytes,
        cancel=context.cancel,
        progress=context.part(_PACKAGED, 1.0),
    )


def _artifacts(
    scratch: Path, grid: Grid, package: _Package, value: PackageResult
) -> tuple[ArtifactFile, ...]:
    quality = {one.rendition: one for one in value.quality}
    whole = Attributes(role="master", duration=value.duration_seconds)
    files = [
        _file(scratch, "hls", f"{_STREAM}/{MASTER}", whole),
        _file(scratch, "dash", f"{_STREAM}/{_MANIFEST}", whole, "manifest"),
    ]
    for rendition, media in package.pictures:
        facts = Attributes(
            role="media",
            rendition=rendition.name,
            width=rendition.width,
            height=rendition.height,
            bitrate=media.bandwidths[1],
            codec=media.codec,
            frame_rate=round(float(grid.fps), 3),
            duration=value.duration_seconds,
            ssim=quality[rendition.name].ssim,
            vmaf=quality[rendition.name].vmaf,
        )
        stem = f"{_STREAM}/{rendition.name}"
        files += [
            _file(scratch, "hls", f"{stem}.m3u8", facts, "playlist"),
            _file(scratch, "hls", f"{stem}-iframes.m3u8", facts, "iframes"),
            _file(scratch, "hls", f"{stem}.mp4", facts),
        ]
        if rendition.progressive:
            files.append(_mp4(scratch, facts, grid, package))
    for sound, media in package.sounds:
        files += _sound_files(scratch, sound, media)
    return tuple(files)


def _mp4(scratch: Path, facts: Attributes, grid: Grid, package: _Package) -> ArtifactFile:
    """The rendition with the default track; its bitrate is that of the whole file."""
    name = f"{_MP4}/{facts.rendition}.mp4"
    spoken = [media.codec for sound, media in package.sounds if sound.track.default]
    changed = {
        "bitrate": round((scratch / name).stat().st_size * 8 / grid.seconds),
        "codec": ",".join([facts.codec or "", *spoken]),
        "role": None,
    }
    return _file(scratch, "mp4", name, facts.model_copy(update=changed))


def _sound_files(scratch: Path, sound: _Sound, media: Media) -> list[ArtifactFile]:
    facts = Attributes(
        role="media",
        language=sound.track.language,
        channels=sound.track.channels,
        loudness=sound.result.loudness,
        bitrate=media.bandwidths[1],
        codec=media.codec,
        duration=round(media.index.ticks / media.index.timescale, 3),
    )
    stem = f"{_STREAM}/{sound.track.name}"
    return [
        _file(scratch, "hls", f"{stem}.m3u8", facts, "playlist"),
        _file(scratch, "audio", f"{stem}.mp4", facts, mime="audio/mp4"),
    ]


def _file(
    scratch: Path,
    kind: str,
    name: str,
    facts: Attributes,
    role: str | None = None,
    mime: str | None = None,
) -> ArtifactFile:
    said = facts.model_copy(update={"role": role}) if role else facts
    return ArtifactFile(kind, name, scratch / name, mime or _MIMES[Path(name).suffix], said)
