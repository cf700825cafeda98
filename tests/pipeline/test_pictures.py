"""Posters and storyboards of real films, from what the encoders leave of them."""

import hashlib
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Final

import pytest

from core.errors import Cancelled, Rejected
from core.process import CancelToken
from pipeline.plan import ArtifactFile, StageResult, plan
from pipeline.plan.video_types import (
    ANALYSE,
    PICTURES,
    PROBE,
    AnalyseOptions,
    AnalyseResult,
    EncodeOptions,
    EncodeResult,
    PicturesOptions,
    PicturesResult,
    Thumbnail,
)
from pipeline.stages import encode, pictures
from pipeline.stages.context import StageContext, StageInput
from tests.media_samples import CLIP
from transcoders import posters
from transcoders.probe import probe as measure
from transcoders.tools import get_tools

RATE: Final = 12
_SIZE: Final = "256x144"
# From the demo's film: a bird on a branch, a cave in the grass, a meadow with trees.
_BIRD: Final = f"-ss 11.2 -t 2 -i {CLIP.name}"
_H264: Final = "-an -c:v libx264 -preset ultrafast -crf 10 -pix_fmt yuv420p"
_CAVE: Final = f"-ss 15.3 -t 9 -i {CLIP.name}"
_TO_GRID: Final = f"fps={RATE},scale={_SIZE.replace('x', ':')},setpts=N/{RATE}/TB,setsar=1"

# From one to the other and back around every whole second, until the fifth begins.
_SWAYING: Final = "clip(0.5+1.25*(abs(mod(min(T,4.5)+0.5,2)-1)-0.5),0,1)"


@dataclass(frozen=True)
class Recipe:
    """What makes a film, and between which seconds a good poster lies."""

    recipe: str
    begin: float
    end: float


FILMS: Final[Mapping[str, Recipe]] = {
    "fades": Recipe(f"{_CAVE} -vf {_TO_GRID},fade=in:st=0:d=2.4,fade=out:st=5.5:d=2.4", 1.9, 6.0),
    "black but for a while": Recipe(
        f"{_CAVE} -vf {_TO_GRID},drawbox=color=black:t=fill:enable='not(between(t,3.6,5.4))'",
        3.6,
        5.4,
    ),
    "blurred but for a while": Recipe(
        f"{_CAVE} -vf {_TO_GRID},gblur=sigma=6:enable='not(between(t,3.6,5.4))'", 3.6, 5.4
    ),
    "dissolves": Recipe(
        f"{_CAVE} -stream_loop 4 {_BIRD} -t 8 -filter_complex [0]{_TO_GRID}[a];[1]{_TO_GRID}[b];"
        f"[a][b]blend=all_expr='A*(1-{_SWAYING})+B*{_SWAYING}',"
        # What follows is plain, so that by itself it looks worse.
        "hue=s=0.1:enable='gte(t,4.4)',gblur=sigma=1:enable='gte(t,4.4)'",
        4.4,
        8.0,
    ),
    # White for two frames at every second thumbnail.
    "flashes": Recipe(
        f"{_CAVE} -vf {_TO_GRID},drawbox=color=white:t=fill:enable='lt(mod(n,{2 * RATE}),2)'",
        0.1,
        9.0,
    ),
    "a title first": Recipe(
        f"{_CAVE} -t 8 -vf {_TO_GRID},drawbox=color=navy:t=fill:enable='lt(t,4)',"
        "drawbox=x=90:y=80:w=140:h=16:color=white:t=fill:enable='lt(t,4)'",
        4.0,
        8.0,
    ),
    "slides": Recipe(
        f"-f lavfi -i color=white:size={_SIZE}:rate={RATE}:duration=9 -vf "
        "drawbox=x=60:y=70:w=200:h=30:color=black:t=fill:enable='lt(t,3)',"
        "drawgrid=w=9:h=7:t=2:color=teal:enable='between(t,3,6)',"
        "drawbox=x=20:y=20:w=90:h=9:color=black:t=fill:enable='gte(t,6)'",
        3.0,
        6.0,
    ),
    "letterboxed": Recipe(
        f"{_CAVE} -t 6 -vf {_TO_GRID},scale=256:104,pad=256:144:0:20,fade=in:st=0:d=1.5", 1.2, 6.0
    ),
    "one picture": Recipe(
        f"-ss 23 -i {CLIP.name} -t 5 -vf {_TO_GRID},loop=-1:1:0,trim=end=5", 0, 5
    ),
    "black": Recipe(f"-f lavfi -i color=black:size={_SIZE}:rate={RATE}:duration=3", 0, 3),
    "brighter and brighter, all dark": Recipe(
        f"-f lavfi -i nullsrc=size={_SIZE}:rate={RATE}:duration=4,geq='16+N/8':128:128", 2.5, 4.0
    ),
    "two seconds": Recipe(f"{_BIRD} -vf {_TO_GRID}", 0, 2),
    "one frame": Recipe(f"{_BIRD} -frames:v 1 -vf {_TO_GRID}", 0, 0.1),
}
_OTHERS: Final = {
    "orange": Recipe(f"-f lavfi -i color=0xE08020:size=240x320:rate={RATE}:duration=1.5", 0, 1.5),
    # Eight stripes whose brightness is the frame's number in twos.
    "numbers": Recipe(
        f"-f lavfi -i nullsrc=size={_SIZE}:rate={RATE}:duration=12,"
        "geq=lum='if(mod(floor(N/pow(2,floor(X*8/W))),2),200,60)+8*sin(Y/2)':cb=128:cr=128",
        0,
        12,
    ),
}


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes a film of `FILMS` and says where it is."""
    folder = tmp_path_factory.mktemp("films")

    def make(name: str) -> Path:
        path = folder / f"{name}.mp4"
        if not path.exists():
            recipe = (FILMS.get(name) or _OTHERS[name]).recipe
            ffmpeg(*f"{recipe} {_H264}".split(), str(path))
        return path

    return make


def ffmpeg(*arguments: str) -> bytes:
    argv = [str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-y", *arguments]
    # Where the clip lies, so that recipes name it without its folder, which may have spaces.
    return subprocess.run(argv, check=True, capture_output=True, cwd=CLIP.parent).stdout


@dataclass(frozen=True)
class Encoded:
    """What the stage is given."""

    source: Path
    inputs: Mapping[str, StageInput]
    options: PicturesOptions

    def thumbnails(self) -> list[Thumbnail]:
        """Of all chunks."""
        values = [self.inputs[name].value for name in self.options.chunks]
        return [
            one for value in values if isinstance(value, EncodeResult) for one in value.thumbnails
        ]


@pytest.fixture(scope="session")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Encoded]:
    """Encodes a film once, whole or cut into chunks of that many frames."""
    done: dict[tuple[Path, int | None, int | None], Encoded] = {}

    def run(source: Path, chunk: int | None = None, every: int | None = None) -> Encoded:
        key = (source, chunk, every)
        if key not in done:
            done[key] = _encode(source, chunk, every)
        return done[key]

    def _encode(source: Path, chunk: int | None, every: int | None) -> Encoded:
        probe = measure(source, get_tools())
        graph = plan("video", probe)
        options, analyse = graph[PICTURES].options, graph[ANALYSE].options
        assert isinstance(options, PicturesOptions)
        assert isinstance(analyse, AnalyseOptions)
        ladder = tuple(one for one in analyse.ladder if one.rung <= 360)
        analysis = AnalyseResult(ladder=ladder, encoders={"h264": "libx264"})
        inputs = {PROBE: StageInput(probe), ANALYSE: StageInput(analysis)}
        grid, every = options.grid, every or options.thumbnail_every
        begins = range(0, grid.frames, chunk or grid.frames)
        for number, begin in enumerate(begins):
            folder = tmp_path_factory.mktemp("chunk")
            context = StageContext(source, "", folder, get_tools(), inputs)
            part = EncodeOptions(
                grid=grid,
                begin=begin,
                frames=min(chunk or grid.frames, grid.frames - begin),
                thumbnail_every=every,
                last=number == len(begins) - 1,
            )
            result = encode.run(context, part)
            assert result.value is not None
            value = EncodeResult.model_validate_json(result.value.model_dump_json())
            paths = {file.name: file.path for file in result.artifacts}
            inputs[f"encode.{number}"] = StageInput(value, paths)
        names = tuple(f"encode.{number}" for number in range(len(begins)))
        changes = {"chunks": names, "thumbnail_every": every}
        return Encoded(source, inputs, options.model_copy(update=changes))

    return run


Run = Callable[..., StageResult]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the stage, as a worker would."""
    count = iter(range(100))

    def run(given: Encoded, **changes: object) -> StageResult:
        scratch = tmp_path / f"scratch's [{next(count)}]"
        scratch.mkdir()
        cancel = changes.pop("cancel", CancelToken())
        assert isinstance(cancel, CancelToken)
        inputs = changes.pop("inputs", given.inputs)
        assert isinstance(inputs, Mapping)
        context = StageContext(given.source, "", scratch, get_tools(), inputs, cancel=cancel)
        result = pictures.run(context, given.options.model_copy(update=changes))
        kept = {artifact.path for artifact in result.artifacts}
        assert {path for path in scratch.rglob("*") if path.is_file()} == kept
        return result

    return run


def value(result: StageResult) -> PicturesResult:
    assert isinstance(result.value, PicturesResult)
    return PicturesResult.model_validate_json(result.value.model_dump_json())


def files(result: StageResult) -> dict[str, ArtifactFile]:
    return {artifact.name: artifact for artifact in result.artifacts}


def pixels(path: Path, size: str, form: str = "gray", crop: str = "") -> bytes:
    """A picture's pixels, shrunk to a size such as 1:1."""
    chain = f"{crop + ',' if crop else ''}scale={size}:flags=area"
    return ffmpeg("-i", str(path), "-vf", chain, "-pix_fmt", form, "-f", "rawvideo", "-")


def cues(text: str) -> list[tuple[float, float, str, tuple[int, int, int, int]]]:
    """Begin, end, sheet and place of each cue, read as players read them."""
    head, *blocks = text.strip().split("\n\n")
    assert head == "WEBVTT"
    found = []
    for block in blocks:
        times, target = block.split("\n")
        begin, end = (_seconds(time) for time in times.split(" --> "))
        place = re.fullmatch(r"([\w.-]+)#xywh=(\d+),(\d+),(\d+),(\d+)", target)
        assert place, target
        x, y, width, height = map(int, place.groups()[1:])
        found.append((begin, end, place[1], (x, y, width, height)))
    return found


def _seconds(clock: str) -> float:
    assert re.fullmatch(r"\d\d+:[0-5]\d:[0-5]\d\.\d{3}", clock)
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@pytest.mark.parametrize("name", FILMS)
def test_a_poster_is_found_where_the_film_is_at_its_best(
    films: Callable[[str], Path], encoded: Callable[..., Encoded], run: Run, name: str
) -> None:
    given = encoded(films(name))
    result = run(given)
    made, wanted = value(result), FILMS[name]
    assert wanted.begin <= made.poster_seconds <= wanted.end, made.poster_reason
    assert made.poster_seconds == round(made.poster_frame / RATE, 3)
    assert ("dark throughout" in made.poster_reason) == (name == "black" or "dark" in name)
    # What is there is really that: not what a white flash or a fade left of it.
    if "dark" not in name and name not in {"black", "slides"}:
        assert 45 < fmean(pixels(result.artifacts[0].path, "iw:ih")) < 200
    check_storyboard(given, result)


def test_a_dissolve_is_seen_in_the_frames_around_a_picture_that_looks_well(
    films: Callable[[str], Path], encoded: Callable[..., Encoded], run: Run
) -> None:
    given = encoded(films("dissolves"))
    looks = tuple(posters.Look(**one.model_dump()) for one in given.thumbnails())
    film = posters.Film(looks, (), given.options.grid.frames, RATE)
    assert posters.ranked(film)[0].look.frame < 4.4 * RATE
    made = value(run(given))
    assert made.poster_frame > 4.4 * RATE
    assert "in a fade" in made.poster_reason


def check_storyboard(given: Encoded, result: StageResult) -> None:
    """Every tile shows its thumbnail, from its frame's time to the next one's."""
    made, named = value(result), files(result)
    thumbnails, seconds = given.thumbnails(), given.options.grid.seconds
    found = cues(named["storyboard/storyboard.vtt"].path.read_text())
    assert len(found) == made.tiles == len(thumbnails)
    assert [begin for begin, *_ in found] == [
        pytest.approx(one.frame / RATE, abs=0.0006) for one in thumbnails
    ]
    assert [end for _, end, *_ in found] == [
        *(begin for begin, *_ in found[1:]),
        pytest.approx(seconds, abs=0.0006),
    ]
    sheets = {name: pixels(file.path, "iw:ih") for name, file in named.items() if "sheet" in name}
    for (_, _, sheet, (x, y, width, height)), thumbnail in zip(found, thumbnails, strict=True):
        whole = named[f"storyboard/{sheet}"].attributes.width
        assert whole is not None
        assert x + width <= whole
        assert (width, height) == (made.tile_width, made.tile_height)
        rows = (sheets[f"storyboard/{sheet}"][row * whole :][x : x + width]
                for row in range(y, y + height))  # fmt: skip
        shown = b"".join(rows)
        assert len(shown) == width * height
        assert fmean(shown) == pytest.approx(thumbnail.luma, abs=2.5)


def test_the_demo_film_gets_a_poster_of_somebody_and_not_of_its_title(
    encoded: Callable[..., Encoded], run: Run
) -> None:
    given = encoded(CLIP)
    result = run(given)
    made = value(result)
    # The title is over within ten seconds; then there is black for a second twice.
    assert any(begin < made.poster_seconds < end for begin, end in ((11, 13.5), (15.2, 24.5)))
    assert re.match(
        r"Well lit.*: the best of 25 pictures\. Passed over: 3 dark", made.poster_reason
    )
    named = files(result)
    assert list(named) == ["poster.jpg", "storyboard/sheet-0.jpg", "storyboard/storyboard.vtt"]
    assert [one.kind for one in named.values()] == ["poster", "storyboard", "storyboard"]
    assert [one.attributes.role for one in named.values()] == [None, "sheet", "index"]
    poster = named["poster.jpg"].attributes
    assert (poster.width, poster.height) == (made.poster_width, made.poster_height) == (640, 360)
    assert len(pixels(named["poster.jpg"].path, "iw:ih")) == 640 * 360
    sheet = named["storyboard/sheet-0.jpg"].attributes
    assert (sheet.width, sheet.height) == (3200, 3 * 180)
    assert len(pixels(named["storyboard/sheet-0.jpg"].path, "iw:ih")) == 3200 * 3 * 180
    times = [end for _, end, *_ in cues(named["storyboard/storyboard.vtt"].path.read_text())]
    assert times == [float(second) for second in range(1, 26)]


@pytest.mark.parametrize("chunk", [None, 24, 36])
def test_a_poster_is_the_very_frame_that_is_named_whatever_chunk_it_is_in(
    films: Callable[[str], Path], encoded: Callable[..., Encoded], run: Run, chunk: int | None
) -> None:
    result = run(encoded(films("numbers"), chunk))
    stripes = pixels(result.artifacts[0].path, "8:1")
    assert sum((level > 130) << bit for bit, level in enumerate(stripes)) == (
        value(result).poster_frame
    )


def test_chunks_give_the_same_tiles_as_the_whole(
    films: Callable[[str], Path], encoded: Callable[..., Encoded], run: Run
) -> None:
    results = [run(encoded(films("numbers"), chunk)) for chunk in (None, 24)]
    indexes = [files(one)["storyboard/storyboard.vtt"].path.read_text() for one in results]
    assert indexes[0] == indexes[1]
    sheets = [pixels(files(one)["storyboard/sheet-0.jpg"].path, "80:2") for one in results]
    assert list(sheets[0]) == [pytest.approx(level, abs=3) for level in sheets[1]]


def test_the_same_work_gives_the_same_bytes(
    films: Callable[[str], Path], encoded: Callable[..., Encoded], run: Run
) -> None:
    given = encoded(films("dissolves"))
    first, second = (
        [hashlib.sha256(file.path.read_bytes()).hexdigest() for file in run(given).artifacts]
        for _ in range(2)
    )
    assert first == second


def test_a_picture_is_as_colourful_as_the_film(
    films: Callable[[str], Path], encoded: Callable[..., Encoded], run: Run
) -> None:
    result = run(encoded(films("orange")))
    assert value(result).poster_width == 240
    expected = [pytest.approx(level, abs=4) for level in (0xE0, 0x80, 0x20)]
    assert list(pixels(result.artifacts[0].path, "1:1", "rgb24")) == expected


def test_a_poster_is_no_larger_than_asked(
    films: Callable[[str], Path], encoded: Callable[..., Encoded], run: Run
) -> None:
    result = run(encoded(films("orange")), poster_short_side=120)
    assert (value(result).poster_width, value(result).poster_height) == (120, 160)
    assert len(pixels(result.artifacts[0].path, "iw:ih")) == 120 * 160


def test_many_tiles_go_on_a_second_sheet_that_is_no_larger_than_they_need(
    films: Callable[[str], Path], encoded: Callable[..., Encoded], run: Run
) -> None:
    given = encoded(films("numbers"), every=1)
    result = run(given)
    made, named = value(result), files(result)
    assert (made.tiles, made.sheets) == (144, 2)
    last = named["storyboard/sheet-1.jpg"].attributes
    assert (last.width, last.height) == (10 * made.tile_width, 5 * made.tile_height)
    places = cues(named["storyboard/storyboard.vtt"].path.read_text())
    for number in (0, 99, 100, 143):
        _, _, sheet, (x, y, width, height) = places[number]
        crop = f"crop={width}:{height}:{x}:{y}:exact=1"
        stripes = pixels(named[f"storyboard/{sheet}"].path, "8:1", crop=crop)
        assert sum((level > 130) << bit for bit, level in enumerate(stripes)) == number


def test_thumbnails_that_are_missing_are_left_out(
    films: Callable[[str], Path], encoded: Callable[..., Encoded], run: Run, tmp_path: Path
) -> None:
    given = encoded(films("numbers"))
    chunk = given.inputs["encode.0"]
    cut = tmp_path / "thumbnails.mjpeg"
    data = chunk.paths["thumbnails.mjpeg"].read_bytes()
    cut.write_bytes(data[: len(data) // 2])
    paths = {**chunk.paths, cut.name: cut}
    result = run(given, inputs={**given.inputs, "encode.0": StageInput(chunk.value, paths)})
    assert 3 < value(result).tiles < 12
    found = cues(files(result)["storyboard/storyboard.vtt"].path.read_text())
    assert len(found) == value(result).tiles
    assert found[-1][1] == 12.0


def test_a_film_without_any_thumbnail_is_refused(
    films: Callable[[str], Path], encoded: Callable[..., Encoded], run: Run
) -> None:
    given = encoded(films("numbers"))
    chunk = given.inputs["encode.0"]
    paths = {name: path for name, path in chunk.paths.items() if name != "thumbnails.mjpeg"}
    with pytest.raises(Rejected, match="no frame of the picture could be decoded"):
        run(given, inputs={**given.inputs, "encode.0": StageInput(chunk.value, paths)})


def test_a_cancel_stops_it(
    films: Callable[[str], Path], encoded: Callable[..., Encoded], run: Run
) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        run(encoded(films("two seconds")), cancel=token)
