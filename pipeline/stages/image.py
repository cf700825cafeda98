"""Stage `image`: every size, format and crop of a picture, its poster, and what it looks like."""

from dataclasses import asdict
from pathlib import Path
from typing import Final

from core.images import ImageProbe
from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.image_networks import fits
from pipeline.plan.image_types import (
    PROBE_IMAGE,
    Colour,
    FaceBox,
    FocalPoint,
    ImageFormat,
    ImageOptions,
    ImageResult,
)
from pipeline.stages.context import StageContext
from transcoders.ffmpeg import Bounds, execute
from transcoders.images import moving
from transcoders.images.asking import make
from transcoders.images.wanted import Crop, Encoding, File, Work

_FILM_BOUNDS: Final = Bounds(wall_seconds=300.0, memory_bytes=3 << 30)


def run(context: StageContext, options: ImageOptions) -> StageResult:
    """Files `image/<width>.<format>`, `crop/<aspect>.jpg`, `poster.jpg`, `animation.*`."""
    probe = context.value(PROBE_IMAGE, ImageProbe)
    made, done = make(context.source, context.scratch, _work(options), cancel=context.cancel)
    context.progress(0.9)
    files = list(made.files)
    still = next((one for one in files if one.role == "animation"), None)
    if still is not None:
        files.append(_film(context, still))
    artifacts = tuple(_artifact(context.scratch, one) for one in files)
    assert made.focus is not None
    value = ImageResult(
        width=probe.width,
        height=probe.height,
        focal_point=FocalPoint(x=made.focus.x, y=made.focus.y),
        focal_point_by=made.focus.found_by,
        faces=tuple(FaceBox(**asdict(face)) for face in made.focus.faces),
        placeholder=made.placeholder,
        palette=tuple(Colour(hex=colour, share=share) for colour, share in made.palette),
        alpha=any(one.codec == "png" for one in files),
        copyright=probe.copyright,
        networks=fits((one.name, one.path.stat().st_size, one.attributes) for one in artifacts),
        notes=tuple(made.notes),
        seconds=round(done.seconds, 3),
        cpu_seconds=round(done.cpu_seconds, 3),
        peak_bytes=done.peak_bytes,
    )
    context.progress(1.0)
    return StageResult(value, artifacts, encoder=made.tools)


def _work(options: ImageOptions) -> Work:
    colour = bytes.fromhex(options.background[1:])
    point = options.focal_point
    return Work(
        widths=options.widths,
        encodings=tuple(_encoding(one) for one in options.formats),
        crops=tuple(Crop(one.name, one.width, one.height) for one in options.shapes),
        crop_encodings=(_encoding(options.shape_format),),
        poster_width=options.poster_width,
        animation_width=options.animation_width,
        background=(colour[0], colour[1], colour[2]),
        focal=(point.x, point.y) if point else None,
    )


def _encoding(wanted: ImageFormat) -> Encoding:
    return Encoding(wanted.name, wanted.quality, wanted.effort)


def _film(context: StageContext, animation: File) -> File:
    """The animation as an MP4, for players and networks that know no other."""
    target = context.scratch / moving.NAME
    source = context.scratch / animation.name
    size = moving.even((animation.width, animation.height))
    command = moving.film(context.tools, source, size, target)
    execute(command, bounds=_FILM_BOUNDS, scratch=context.scratch, cancel=context.cancel)
    return File(
        moving.NAME, "animation", f"{size[0]}w", "video/mp4", "h264", *size, animation.duration
    )


def _artifact(scratch: Path, file: File) -> ArtifactFile:
    poster = file.role == "poster"
    facts = Attributes(
        width=file.width,
        height=file.height,
        codec=file.codec,
        duration=file.duration,
        role=None if poster else file.role,
        rendition=file.rendition or None,
    )
    kind = "poster" if poster else "image"
    return ArtifactFile(kind, file.name, scratch / file.name, file.mime, facts)
