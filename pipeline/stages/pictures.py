"""Stage `pictures`: a poster and a storyboard, of what the encoders made and noted."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from core.errors import Rejected, Retryable
from core.renditions import Rendition, fitted
from pipeline.plan import ArtifactFile, Attributes, StageResult
from pipeline.plan.video_types import (
    ANALYSE,
    AnalyseResult,
    EncodeResult,
    PicturesOptions,
    PicturesResult,
    Thumbnail,
)
from pipeline.stages.context import StageContext
from transcoders import pictures, posters, windows
from transcoders.ffmpeg import Bounds, execute
from transcoders.pictures import Place
from transcoders.posters import Film, Look
from transcoders.windows import Moment, Window

_POSTER: Final = "poster.jpg"
_FOLDER: Final = "storyboard"
_SHEETS: Final = "sheet-{}.jpg"
_INDEX: Final = f"{_FOLDER}/storyboard.vtt"
_THUMBNAILS: Final = "thumbnails.mjpeg"

# How many pictures are looked at closely, and in renditions of which short side: what is blurred
# by movement shows there, and decoding takes milliseconds.
_FINALISTS: Final = 3
_CLOSE_SHORT_SIDE: Final = 360

_WALL_SECONDS: Final = 300.0
_MEMORY_BYTES: Final = 3 << 30


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A range of the grid: frames from `begin` to `end`."""

    name: str
    begin: int
    value: EncodeResult

    @property
    def end(self) -> int:
        return self.begin + self.value.frames


@dataclass(frozen=True, slots=True)
class _Tile:
    """A thumbnail: its facts and its JPEG."""

    facts: Thumbnail
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class _Job:
    """What all parts of the stage know."""

    context: StageContext
    options: PicturesOptions
    chunks: tuple[_Chunk, ...]
    ladder: tuple[Rendition, ...]

    def place(self, frame: int, rendition: Rendition) -> Place:
        """Where a frame of the grid lies."""
        chunk = self.chunk(frame)
        path = self.context.path(chunk.name, f"{rendition.name}.mp4")
        return Place(path, frame - chunk.begin)

    def chunk(self, frame: int) -> _Chunk:
        """Which chunk a frame is in."""
        return next(chunk for chunk in self.chunks if chunk.begin <= frame < chunk.end)

    def run(self, argv: Sequence[str]) -> bytes:
        """What a command says."""
        bounds = Bounds(
            wall_seconds=_WALL_SECONDS,
            memory_bytes=_MEMORY_BYTES,
            scratch_bytes=self.context.scratch_bytes,
        )
        scratch, cancel = self.context.scratch, self.context.cancel
        return execute(argv, bounds=bounds, scratch=scratch, cancel=cancel).stdout


def run(context: StageContext, options: PicturesOptions) -> StageResult:
    """Files `poster.jpg`, `storyboard/sheet-<n>.jpg` and `storyboard/storyboard.vtt`."""
    values = [context.value(name, EncodeResult) for name in options.chunks]
    begins = accumulate((value.frames for value in values), initial=0)
    chunks = tuple(map(_Chunk, options.chunks, begins, values))
    job = _Job(context, options, chunks, context.value(ANALYSE, AnalyseResult).ladder)
    tiles = [tile for chunk in chunks for tile in _tiles(context, chunk)]
    if not tiles:
        raise Rejected("no frame of the picture could be decoded")
    moment, reason = _chosen(job, [tile.facts for tile in tiles])
    context.progress(0.4)
    poster = _poster(job, moment.frame)
    context.progress(0.7)
    storyboard = _storyboard(job, tiles)
    context.progress(1.0)
    width, height = poster.attributes.width or 0, poster.attributes.height or 0
    value = PicturesResult(
        poster_frame=moment.frame,
        poster_seconds=round(float(moment.frame / options.grid.fps), 3),
        poster_reason=reason,
        poster_width=width,
        poster_height=height,
        tiles=len(tiles),
        tile_width=chunks[0].value.thumbnail_width,
        tile_height=chunks[0].value.thumbnail_height,
        tile_seconds=round(float(options.thumbnail_every / options.grid.fps), 3),
        sheets=len(storyboard) - 1,
    )
    return StageResult(value, (poster, *storyboard))


def _tiles(context: StageContext, chunk: _Chunk) -> list[_Tile]:
    """A chunk's thumbnails: as many as have facts and a picture."""
    path = context.inputs[chunk.name].paths.get(_THUMBNAILS)
    data = path.read_bytes() if path else b""
    return [
        _Tile(facts, jpeg)
        for facts, jpeg in zip(chunk.value.thumbnails, pictures.split_jpegs(data), strict=False)
    ]


def _chosen(job: _Job, thumbnails: Sequence[Thumbnail]) -> tuple[Moment, str]:
    """The frame that becomes the poster, and why."""
    film = Film(
        looks=tuple(Look(**thumbnail.model_dump()) for thumbnail in thumbnails),
        cuts=tuple(scene.frame for chunk in job.chunks for scene in chunk.value.scenes),
        frames=job.chunks[-1].end,
        fps=float(job.options.grid.fps),
    )
    order = posters.ranked(film)
    final = posters.finalists(order, _FINALISTS)
    moments = _moments(job, film, [one.look.frame for one in final])
    pairs = list(zip(moments, final, strict=True))
    # Of those that are equally free of transitions the one with the best score: they are in order.
    moment, candidate = min(pairs, key=lambda pair: (pair[0].blended, pair[0].lively))
    blended = sum(other.blended for other, one in pairs if one is not candidate)
    return moment, posters.reason(order, candidate, blended)


def _moments(job: _Job, film: Film, frames: Sequence[int]) -> list[Moment]:
    """The best moment near each of those frames."""
    seen = _smallest(job.ladder, _CLOSE_SHORT_SIDE)
    looks: list[tuple[Place, Window]] = []
    for frame in frames:
        chunk, shot = job.chunk(frame), film.shot(frame)
        bounds = (max(chunk.begin, shot[0]), min(chunk.end, shot[1]))
        window = windows.around(frame, bounds, film.fps)
        looks.append((job.place(window.begin, seen), window))
    grid, tools = job.options.grid, job.context.tools
    said = job.run(pictures.look_around(tools, looks, grid))
    size = windows.FRAME_BYTES
    samples = [said[at : at + size] for at in range(0, len(said), size)]
    if len(said) != size * sum(window.count for _, window in looks):
        raise Retryable(f"{len(samples)} pictures could be decoded where there must be more")
    ends = list(accumulate((window.count for _, window in looks), initial=0))
    return [
        windows.best(window, samples[begin : begin + window.count])
        for (_, window), begin in zip(looks, ends, strict=False)
    ]


def _smallest(ladder: Sequence[Rendition], short_side: int) -> Rendition:
    """The smallest rendition that is at least that large, else the largest: of H.264 if there is.

    A larger one would be made smaller: it costs more to decode and gains little.
    """
    usual = [one for one in ladder if one.codec == "h264"] or list(ladder)
    order = sorted(usual, key=lambda one: one.width * one.height)
    return next((one for one in order if min(one.width, one.height) >= short_side), order[-1])


def _poster(job: _Job, frame: int) -> ArtifactFile:
    options, target = job.options, job.context.scratch / _POSTER
    rendition = _smallest(job.ladder, options.poster_short_side)
    size = fitted((rendition.width, rendition.height), options.poster_short_side)
    place = job.place(frame, rendition)
    job.run(pictures.poster(job.context.tools, place, options.grid, size, target))
    facts = Attributes(width=size[0], height=size[1], codec="mjpeg")
    return ArtifactFile("poster", _POSTER, target, "image/jpeg", facts)


def _storyboard(job: _Job, tiles: Sequence[_Tile]) -> tuple[ArtifactFile, ...]:
    """The sheets, and last their index."""
    scratch, grid, first = job.context.scratch, job.options.grid, job.chunks[0].value
    size = (first.thumbnail_width, first.thumbnail_height)
    (scratch / _FOLDER).mkdir()
    files = []
    for number, begin in enumerate(range(0, len(tiles), pictures.SHEET_TILES)):
        some = tiles[begin : begin + pictures.SHEET_TILES]
        name = f"{_FOLDER}/{_SHEETS.format(number)}"
        stream = scratch / f"sheet-{number}.mjpeg"
        stream.write_bytes(b"".join(tile.jpeg for tile in some))
        job.run(pictures.sheet(job.context.tools, stream, len(some), scratch / name))
        stream.unlink()
        columns, rows = pictures.layout(len(some))
        facts = Attributes(
            width=columns * size[0], height=rows * size[1], codec="mjpeg", role="sheet"
        )
        files.append(ArtifactFile("storyboard", name, scratch / name, "image/jpeg", facts))
    begins = [float(tile.facts.frame / grid.fps) for tile in tiles]
    index = scratch / _INDEX
    index.write_text(pictures.index(begins, grid.seconds, _SHEETS, size))
    facts = Attributes(width=size[0], height=size[1], duration=grid.seconds, role="index")
    return (*files, ArtifactFile("storyboard", _INDEX, index, "text/vtt", facts))
