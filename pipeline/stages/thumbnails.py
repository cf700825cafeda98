"""Stage `thumbnails`: the best frames in every shape, plain and with the film's title."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from math import prod
from statistics import fmean
from typing import Final

from core.errors import Rejected, Retryable
from core.renditions import Rendition, fitted
from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.image_networks import fits
from pipeline.plan.image_types import Fit
from pipeline.plan.shots import SHOTS, SHOTS_FILE, Shots, read
from pipeline.plan.thumbnails import (
    THUMBNAILS_FILE,
    ChosenThumbnail,
    ThumbnailsOptions,
    ThumbnailsResult,
    TitleSetting,
)
from pipeline.plan.video_types import ANALYSE, AnalyseResult, EncodeResult
from pipeline.stages.context import StageContext
from transcoders import pictures, posters
from transcoders.encode import watched
from transcoders.ffmpeg import Bounds, execute
from transcoders.pictures import Place
from transcoders.posters import Candidate, Film, Flaw, Look
from transcoders.thumbnails import asking, choosing
from transcoders.thumbnails.choosing import Judged
from transcoders.thumbnails.wanted import Brand, File, Frames, Seen, Shape

CANDIDATES: Final = 24
_FULL_SHORT_SIDE: Final = 1080
# A picture this near to a transition may be part of it.
_BESIDE_SECONDS: Final = 0.12
# What a flaw that was found in the thumbnails of encoding takes from a score.
_FLAWS: Final[Mapping[Flaw | None, float]] = {
    None: 0.0,
    Flaw.SPARSE: 0.15,
    Flaw.BLURRED: 0.1,
    Flaw.FADING: 0.2,
    Flaw.BLANK: 0.3,
    Flaw.DARK: 0.3,
}
# Where in the film it is: not in its opening or credits, in a shot that lasts, calm, and typical.
_PLACE_TRAITS: Final = ("inside", "calm", "lasting", "typical")
_PLACE_WEIGHT: Final = 0.25
_FRAMES: Final = "frames.rgb"
_WALL_SECONDS: Final = 300.0
_MEMORY_BYTES: Final = 6 << 30
_NO_LOGO: Final = "the brand's kit has no logo"
_NO_LOGO_FILE: Final = (
    "not placed: a stage is given the film alone, and no file of the brand's logo"
)


@dataclass(slots=True)
class _Job:
    """What all parts of the stage know; state: the processor seconds so far."""

    context: StageContext
    options: ThumbnailsOptions
    values: tuple[EncodeResult, ...]
    ladder: tuple[Rendition, ...]
    shots: Shots
    cpu_seconds: float = 0.0

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return tuple(Shape(**shape.model_dump()) for shape in self.options.shapes)

    def seconds(self, frame: int) -> float:
        return round(float(frame / self.options.grid.fps), 3)

    def taken(self, frames: Sequence[int], rendition: Rendition, size: tuple[int, int]) -> Frames:
        """Frames of the grid, as pixels in the scratch folder."""
        begins = list(accumulate((value.frames for value in self.values), initial=0))
        places = []
        for frame in frames:
            chunk = next(n for n, end in enumerate(begins[1:]) if frame < end)
            path = self.context.path(self.options.chunks[chunk], f"{rendition.name}.mp4")
            places.append(Place(path, frame - begins[chunk]))
        target = self.context.scratch / _FRAMES
        command = pictures.frames(self.context.tools, places, self.options.grid, size, target)
        bounds = Bounds(_WALL_SECONDS, _MEMORY_BYTES, scratch_bytes=self.context.scratch_bytes)
        done = execute(
            command, bounds=bounds, scratch=self.context.scratch, cancel=self.context.cancel
        )
        self.cpu_seconds += done.cpu_seconds
        if target.stat().st_size != 3 * prod(size) * len(frames):
            raise Retryable("fewer pictures could be decoded than there are")
        return Frames(str(target.absolute()), *size, len(frames))


def run(context: StageContext, options: ThumbnailsOptions) -> StageResult:
    """Files `thumbnail/<shape>-<place>[-title].<ending>` and `thumbnails.json`."""
    began = time.monotonic()
    job = _Job(
        context,
        options,
        tuple(context.value(name, EncodeResult) for name in options.chunks),
        context.value(ANALYSE, AnalyseResult).ladder,
        read(context.path(SHOTS, SHOTS_FILE)),
    )
    candidates = _candidates(job)
    if not candidates:
        raise Rejected("no frame of the picture could be decoded")
    seen = _seen(job, candidates)
    context.progress(0.5)
    chosen = {shape.name: _best(job, shape.name, candidates, seen) for shape in options.shapes}
    files, notes = _made(job, chosen)
    context.progress(0.95)
    artifacts = tuple(_artifact(job, one) for one in files)
    value = ThumbnailsResult(
        candidates=len(candidates),
        chosen=tuple(
            _told(job, shape, place, one, files, seen)
            for shape, order in chosen.items()
            for place, one in enumerate(order, 1)
        ),
        logo=_NO_LOGO_FILE if options.logos else _NO_LOGO,
        networks=_networks(artifacts, files),
        notes=tuple(notes),
        seconds=round(time.monotonic() - began, 3),
        cpu_seconds=round(job.cpu_seconds, 3),
    )
    path = context.scratch / THUMBNAILS_FILE
    told = value.model_dump_json(indent=1, exclude={"seconds", "cpu_seconds"})
    path.write_text(told, "utf-8")
    index = ArtifactFile(
        "thumbnail", THUMBNAILS_FILE, path, "application/json", Attributes(role="index")
    )
    context.progress(1.0)
    return StageResult(value, (*artifacts, index))


# --- Which frames are looked at


def _candidates(job: _Job) -> list[Candidate]:
    """The most promising of every shot in turn, none within a transition where there are others."""
    looks = tuple(Look(**one.model_dump()) for value in job.values for one in value.thumbnails)
    fps = float(job.options.grid.fps)
    cuts = tuple(round(at * fps) for at in job.shots.cuts)
    film = Film(looks, cuts, job.options.grid.frames, fps)
    order = posters.ranked(film)
    clear = [one for one in order if not _beside(job, one.look.frame)] or list(order)
    sound = [one for one in clear if one.flaw not in (Flaw.DARK, Flaw.BLANK)] or clear
    turns: dict[tuple[int, int], int] = defaultdict(int)
    ranked: list[tuple[int, int, Candidate]] = []
    for number, one in enumerate(sound):
        shot = film.shot(one.look.frame)
        ranked.append((turns[shot], number, one))
        turns[shot] += 1
    ranked.sort(key=lambda each: each[:2])
    return [one for _, _, one in ranked[:CANDIDATES]]


def _beside(job: _Job, frame: int) -> bool:
    at = float(frame / job.options.grid.fps)
    return any(
        begin - _BESIDE_SECONDS < at < end + _BESIDE_SECONDS for begin, end in job.shots.transitions
    )


def _seen(job: _Job, candidates: Sequence[Candidate]) -> dict[int, Seen]:
    """What is in each candidate, by its frame."""
    frames = [one.look.frame for one in candidates]
    rendition = watched(_usual(job))
    taken = job.taken(frames, rendition, (rendition.width, rendition.height))
    found, took = asking.look(taken, job.shapes, job.context.scratch, cancel=job.context.cancel)
    job.cpu_seconds += took
    return dict(zip(frames, found, strict=True))


def _usual(job: _Job) -> list[Rendition]:
    return [one for one in job.ladder if one.codec == "h264"] or list(job.ladder)


# --- Which are chosen, and what becomes of them


def _best(
    job: _Job, shape: str, candidates: Sequence[Candidate], seen: Mapping[int, Seen]
) -> tuple[Judged, ...]:
    order = [
        choosing.judged(one.look.frame, seen[one.look.frame], shape, _beside_pixels(one))
        for one in candidates
    ]
    marks = {frame: one.mark for frame, one in seen.items()}
    return choosing.best(order, marks, job.options.count)


def _beside_pixels(one: Candidate) -> float:
    """What is taken off a frame's score for its flaw, and for where in the film it is."""
    placed = fmean(one.measures.get(name, 1.0) for name in _PLACE_TRAITS)
    return _FLAWS[one.flaw] + _PLACE_WEIGHT * (1 - placed)


def _made(job: _Job, chosen: Mapping[str, tuple[Judged, ...]]) -> tuple[list[File], list[str]]:
    options, scratch = job.options, job.context.scratch
    frames = sorted({one.frame for order in chosen.values() for one in order})
    usual = sorted(_usual(job), key=lambda one: one.width * one.height)
    full = next((one for one in usual if min(one.width, one.height) >= _FULL_SHORT_SIDE), usual[-1])
    taken = job.taken(frames, full, fitted((full.width, full.height), _FULL_SHORT_SIDE))
    wanted = [[frames.index(one.frame) for one in chosen[shape.name]] for shape in job.shapes]
    brand = Brand(options.title, options.text_colour, options.plate_colour)
    files, notes, took = asking.make(
        taken,
        job.shapes,
        wanted,
        brand if options.title else None,
        scratch,
        cancel=job.context.cancel,
    )
    job.cpu_seconds += took
    (scratch / _FRAMES).unlink()
    notes += [
        f"{shape}: {len(order)} thumbnails, since other frames look the same"
        for shape, order in chosen.items()
        if len(order) < options.count
    ]
    return files, notes


def _artifact(job: _Job, file: File) -> ArtifactFile:
    facts = Attributes(
        width=file.width,
        height=file.height,
        codec=file.codec,
        role=file.role,
        rendition=file.shape,
    )
    return ArtifactFile("thumbnail", file.name, job.context.scratch / file.name, file.mime, facts)


def _told(
    job: _Job,
    shape: str,
    place: int,
    one: Judged,
    files: Sequence[File],
    seen: Mapping[int, Seen],
) -> ChosenThumbnail:
    own = [file for file in files if (file.shape, file.place) == (shape, place)]
    title = next((file.titled for file in own if file.titled), None)
    return ChosenThumbnail(
        shape=shape,
        place=place,
        frame=one.frame,
        seconds=job.seconds(one.frame),
        score=one.score,
        measures=dict(one.measures),
        reasons=one.reasons,
        faces=len(seen[one.frame].faces),
        files=tuple(file.name for file in own),
        title=TitleSetting(**asdict(title)) if title else None,
    )


def _networks(artifacts: Sequence[ArtifactFile], files: Sequence[File]) -> tuple[Fit, ...]:
    """The best of each shape, with its title where it has one, held against what networks take."""
    first = {}
    for artifact, file in zip(artifacts, files, strict=True):
        # Titles come after what is plain.
        if file.place == 1 and file.codec == "jpeg":
            facts = artifact.attributes.model_copy(update={"role": "crop"})
            first[file.shape] = (artifact.name, artifact.path.stat().st_size, facts)
    return fits(first.values())
