"""Planning is pure: the same question has the same answer, and never touches a file."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Rejected
from core.media import AudioStream, Probe, SeekIndex, SeekPoint, VideoStream
from core.renditions import Grid
from pipeline.plan import STAGE_TYPES, Graph, Queue, StageSpec, kind_of, plan, stage_digest
from pipeline.plan.brand_kit import BrandKit
from pipeline.plan.brief import Brief
from pipeline.plan.caption_types import CaptionsOptions, TranslateOptions
from pipeline.plan.chunks import LEAST_CHUNK_SECONDS, RUN_IN_SECONDS
from pipeline.plan.ladder import RUNGS, full_ladder
from pipeline.plan.speech_types import TranscribeOptions
from pipeline.plan.video import PATIENCE_SECONDS
from pipeline.plan.video_types import (
    AnalyseOptions,
    AudioOptions,
    EncodeOptions,
    Mode,
    PreviewOptions,
    ProbeOptions,
)
from pipeline.plan.words_types import WordsOptions

FIT: dict[str, Any] = {
    "index": 0, "codec": "h264", "profile": "High", "level": 40, "pix_fmt": "yuv420p",
    "width": 1920, "height": 1080, "frame_rate": "30/1", "longest_gop_seconds": 2.0,
}  # fmt: skip


def film(**changes: Any) -> Probe:
    return Probe(
        container="mov",
        mime="video/mp4",
        bytes=1,
        duration_seconds=60,
        video=(VideoStream.model_validate({**FIT, **changes}),),
    )


def preview(probe: Probe) -> PreviewOptions | None:
    for stage in plan("video", probe).stages:
        if isinstance(stage.options, PreviewOptions):
            return stage.options
    return None


def parts(probe: Probe) -> list[EncodeOptions]:
    stages = plan("video", probe).stages
    return [stage.options for stage in stages if isinstance(stage.options, EncodeOptions)]


def grid_of(probe: Probe) -> Grid:
    options = plan("video", probe)["analyse"].options
    assert isinstance(options, AnalyseOptions)
    return options.grid


videos = st.builds(
    VideoStream,
    index=st.just(0),
    codec=st.sampled_from(["h264", "hevc", "vp9"]),
    profile=st.sampled_from([None, "High", "High 10", "Main"]),
    level=st.one_of(st.none(), st.integers(-99, 62)),
    pix_fmt=st.sampled_from([None, "yuv420p", "yuv444p"]),
    width=st.integers(1, 8192),
    height=st.integers(1, 8192),
    rotation=st.sampled_from([0, 90, 180, 270]),
    sar=st.sampled_from(["1/1", "4/3"]),
    frame_rate=st.sampled_from([None, "24/1", "30000/1001"]),
    constant_rate=st.booleans(),
    interlaced=st.booleans(),
    longest_gop_seconds=st.one_of(st.none(), st.floats(0, 100)),
    start_seconds=st.floats(0, 10),
    duration_seconds=st.one_of(st.none(), st.floats(0.01, 40_000)),
    color_transfer=st.sampled_from([None, "bt709", "smpte2084"]),
)
audios = st.builds(
    AudioStream,
    index=st.integers(1, 60),
    duration_seconds=st.one_of(st.none(), st.floats(0.01, 50_000)),
    start_seconds=st.floats(0, 10),
    codec=st.sampled_from(["aac", "mp3"]),
    channels=st.integers(1, 8),
    sample_rate=st.sampled_from([44100, 48000]),
)


@st.composite
def indexes(draw: st.DrawFn) -> SeekIndex | None:
    if draw(st.booleans()):
        return None
    steps = draw(st.lists(st.floats(5, 400), min_size=1, max_size=200))
    offsets = draw(st.lists(st.integers(1, 10**9), min_size=len(steps), max_size=len(steps)))
    points, seconds, offset = [], 0.0, 4096
    for step, size in zip(steps, offsets, strict=True):
        points.append(SeekPoint(seconds=seconds, offset=offset))
        seconds, offset = seconds + step, offset + size
    return SeekIndex(points=tuple(points), begin=48, end=offset + 9, ordered=draw(st.booleans()))


probes = st.builds(
    Probe,
    container=st.just("mov"),
    mime=st.just("video/mp4"),
    bytes=st.integers(1, 10**12),
    duration_seconds=st.floats(0.01, 40_000),
    video=st.tuples(videos),
    index=indexes(),
    audio=st.lists(audios, max_size=10, unique_by=lambda track: track.index).map(tuple),
)


def test_without_a_probe_there_is_only_the_probe() -> None:
    (stage,) = plan("video", None).stages
    assert (stage.name, stage.queue, stage.needs) == ("probe", Queue.MEDIA, ())


@given(probes)
def test_a_plan_is_a_graph_in_order_that_begins_as_it_began(probe: Probe) -> None:
    graph = plan("video", probe)
    assert graph == plan("video", Probe.model_validate_json(probe.model_dump_json()))
    assert graph.stages[0] == plan("video", None).stages[0]
    kinds = [kind_of(stage.name) for stage in graph.stages]
    shared = (
        "probe analyse package pictures shots thumbnails transcribe captions captioned words"
        " moments clips"
    )
    for once in shared.split():
        assert kinds.count(once) == 1
    encodes = {name for name in (s.name for s in graph.stages) if kind_of(name) == "encode"}
    tracks = {name for name in (s.name for s in graph.stages) if kind_of(name) == "audio"}
    assert encodes
    assert len(tracks) == min(len(probe.audio), 8)
    assert set(graph["package"].needs) == {"probe", "analyse", *encodes, *tracks}
    assert all(stage.deadline_seconds > 0 for stage in graph.stages)


@given(probes)
def test_options_come_back_from_json_as_they_were(probe: Probe) -> None:
    for stage in plan("video", probe).stages:
        model = STAGE_TYPES[kind_of(stage.name)].options
        assert model.model_validate_json(stage.options.model_dump_json()) == stage.options


@given(probes)
def test_chunks_cover_the_grid_once_and_begin_where_segments_do(probe: Probe) -> None:
    grid, cut = grid_of(probe), parts(probe)
    assert cut[0].begin == 0
    assert cut[-1].begin + cut[-1].frames == grid.frames
    assert all(part.hold_frames < cut[-1].hold_frames for part in cut[:-1])
    for one, other in pairwise(cut):
        assert one.begin + one.frames == other.begin
        assert other.begin % grid.segment_frames == 0
    assert all(part.frames > 0 for part in cut)
    if len(cut) > 1:
        assert probe.index is not None
        assert min(part.frames for part in cut) / grid.fps >= LEAST_CHUNK_SECONDS


@pytest.mark.parametrize(
    ("size", "seconds", "lengths"),
    [
        ((1920, 1080), 60, [18, 18, 12, 12]),
        ((1920, 1080), 30, [18, 12]),
        ((1920, 1080), 20, [20]),
        ((3840, 2160), 60, [12] * 5),
        ((320, 180), 100, [100]),
        ((320, 180), 130, [66, 64]),
        ((1280, 720), 300, [36] * 5 + [30, 24, 18] + [12] * 4),
    ],
)
def test_what_is_much_work_is_shared_out_and_what_is_little_is_not(
    size: tuple[int, int], seconds: float, lengths: list[int]
) -> None:
    points = tuple(SeekPoint(seconds=at, offset=4096 + at) for at in range(0, int(seconds), 5))
    probe = film(width=size[0], height=size[1]).model_copy(
        update={
            "duration_seconds": seconds,
            "index": SeekIndex(points=points, begin=48, end=9999, ordered=True),
        }
    )
    assert [part.frames / 30 for part in parts(probe)] == lengths
    assert len(parts(probe.model_copy(update={"index": None}))) == 1


@given(probes)
def test_every_chunk_has_a_thumbnail(probe: Probe) -> None:
    for part in parts(probe):
        first = -(-part.begin // part.thumbnail_every) * part.thumbnail_every
        assert first < part.begin + part.frames


@given(probes)
def test_a_chunk_decodes_from_a_keyframe_well_before_it(probe: Probe) -> None:
    grid = grid_of(probe)
    for part in parts(probe):
        if part.seek is not None:
            assert part.seek <= float(part.begin / grid.fps) - RUN_IN_SECONDS
            assert probe.index is not None
            assert part.seek in {point.seconds for point in probe.index.points}
        ends = [piece.end for piece in part.bytes]
        assert all(end is None or end > 0 for end in ends)
        assert ends[-1:] in ([], [None])


@given(probes)
def test_only_what_plays_everywhere_is_copied(probe: Probe) -> None:
    video = probe.main_video
    assert video is not None
    options = preview(probe)
    if options is not None and options.mode is Mode.REMUX:
        assert video.codec == "h264"
        assert (video.rotation, video.sar, video.interlaced) == (0, "1/1", False)
        assert video.width % 2 == video.height % 2 == 0
    if options is not None and options.mode is Mode.LOWEST_RUNG:
        assert options.estimated_ladder_seconds > PATIENCE_SECONDS
        assert options.rendition is not None
        assert options.reason


def test_a_fit_picture_is_copied_so_that_it_plays_at_once() -> None:
    options = preview(film())
    assert options is not None
    assert options.mode is Mode.REMUX


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"codec": "hevc"}, "the picture is hevc, not h264"),
        ({"profile": "High 10"}, "the profile is High 10"),
        ({"pix_fmt": "yuv422p"}, "the pixels are yuv422p"),
        ({"level": 60}, "the level is 60"),
        ({"interlaced": True}, "the picture is interlaced"),
        ({"rotation": 90}, "the picture is turned by 90 degrees"),
        ({"sar": "8/9"}, "the pixels are not square (8/9)"),
        ({"color_transfer": "arib-std-b67"}, "the picture is HDR"),
        ({"width": 1919}, "the size is odd"),
        ({"longest_gop_seconds": None}, "the keyframes are unknown"),
        ({"longest_gop_seconds": 30.5}, "keyframes are up to 30.5 s apart"),
    ],
)
def test_an_unfit_picture_is_preceded_by_its_lowest_rung_only_where_the_ladder_takes_long(
    changes: dict[str, Any], reason: str
) -> None:
    assert preview(film(**changes).model_copy(update={"duration_seconds": 30})) is None
    options = preview(film(**changes).model_copy(update={"duration_seconds": 600}))
    assert options is not None
    assert (options.mode, options.reason) == (Mode.LOWEST_RUNG, reason)
    assert options.rendition is not None
    assert options.rendition.rung == 240


@given(videos)
def test_no_rung_is_above_the_source_and_every_size_is_even(video: VideoStream) -> None:
    ladder = full_ladder(video)
    width, height = video.display_size
    assert len({one.name for one in ladder}) == len(ladder)
    for one in ladder:
        assert one.width % 2 == one.height % 2 == 0
        assert one.width <= max(2, width + 1)
        assert one.height <= max(2, height + 1)
    assert [one.rung for one in ladder] == sorted((one.rung for one in ladder), reverse=True)
    peaks = [one.peak_bitrate for one in ladder]
    assert peaks == sorted(peaks, reverse=True)


@pytest.mark.parametrize(
    ("size", "rungs"),
    [
        ((3840, 2160), [2160, 1440, 1080, 720, 480, 360, 240]),
        ((1920, 1080), [1080, 720, 480, 360, 240]),
        ((1080, 1920), [1080, 720, 480, 360, 240]),
        ((1080, 1080), [1080, 720, 480, 360, 240]),
        ((1280, 720), [720, 480, 360, 240]),
        ((1600, 900), [900, 720, 480, 360, 240]),
        ((720, 576), [576, 480, 360, 240]),
        ((1920, 1088), [1080, 720, 480, 360, 240]),
        ((320, 180), [180]),
        ((8192, 4320), [2160, 1440, 1080, 720, 480, 360, 240]),
    ],
)
def test_rungs_are_told_by_the_short_side(size: tuple[int, int], rungs: list[int]) -> None:
    video = VideoStream.model_validate({**FIT, "width": size[0], "height": size[1]})
    assert [one.rung for one in full_ladder(video)] == rungs


def test_a_turned_picture_has_an_upright_ladder() -> None:
    video = VideoStream.model_validate({**FIT, "rotation": 90})
    assert (full_ladder(video)[0].width, full_ladder(video)[0].height) == (1080, 1920)


def test_another_codec_comes_beside_h264() -> None:
    video = VideoStream.model_validate(FIT)
    ladder = full_ladder(video, ("h264", "av1"))
    assert [one.codec for one in ladder] == ["h264"] * 5 + ["av1"] * 5
    assert ladder[5].name == "1080p-av1"
    assert ladder[5].peak_bitrate < ladder[0].peak_bitrate
    graph = plan("video-hevc", film())
    options = graph["analyse"].options
    assert isinstance(options, AnalyseOptions)
    assert {one.codec for one in options.ladder} == {"h264", "hevc"}


def test_rungs_are_in_order() -> None:
    sides = [rung.short_side for rung in RUNGS]
    assert sides == sorted(sides, reverse=True)


def test_the_main_track_comes_first_and_alone_is_listened_to() -> None:
    tracks = tuple(
        AudioStream(
            index=number, codec="aac", channels=2, sample_rate=48000, default=number == 3,
            language=language,
        )
        for number, language in ((1, "eng"), (2, "deu"), (3, "fra"))
    )  # fmt: skip
    graph = plan("video", film().model_copy(update={"audio": tracks}))
    options = [s.options for s in graph.stages if isinstance(s.options, AudioOptions)]
    assert [(one.stream, one.language, one.speech) for one in options] == [
        (3, "fra", True), (1, "eng", False), (2, "deu", False),
    ]  # fmt: skip
    heard = graph["transcribe"]
    assert (heard.needs, heard.queue) == (("probe", "audio.0"), Queue.GPU)


def test_what_is_written_of_speech_knows_the_asset_and_its_brand() -> None:
    kit = BrandKit.model_validate(
        {
            "names": ["Lumen Coffee"],
            "glossary": [{"term": "cold brew"}],
            "forbidden_words": ["cheap"],
        }
    )
    graph = plan("video", film(), Brief(name="Spring roast.final.mp4", kit=kit))
    known = ("Lumen Coffee", "cold brew")
    heard, captions, words = (graph[one] for one in ("transcribe", "captions", "words"))
    assert isinstance(heard.options, TranscribeOptions)
    assert isinstance(captions.options, CaptionsOptions)
    assert isinstance(words.options, WordsOptions)
    assert heard.options.glossary == captions.options.glossary == known
    assert (captions.options.width, captions.options.height) == (1920, 1080)
    assert words.options.name == "Spring roast.final"
    assert words.options.brand.forbidden_words == ("cheap",)
    for stage in (captions, words):
        assert stage.queue is Queue.LIGHT
        assert stage.needs == ("transcribe", "shots")


def test_a_brand_with_languages_has_its_captions_translated_after_the_film_has_them() -> None:
    kit = BrandKit(languages=("en", "de", "pt-BR"))
    graph = plan("video", film(), Brief(name="a.mp4", kit=kit))
    wanted = graph["translate"].options
    assert isinstance(wanted, TranslateOptions)
    assert wanted.languages == ("en", "de", "pt-BR")
    assert graph["captioned.0"].needs == ("package", "captions")
    assert graph["captioned.1"].needs == ("package", "captions", "translate", "captioned.0")
    plain = {stage.name for stage in plan("video", film(), Brief(name="a.mp4")).stages}
    assert not plain & {"translate", "captioned.1"}


def test_of_a_film_without_sound_a_stage_is_left_to_say_so() -> None:
    heard = plan("video", film().model_copy(update={"audio": ()}))["transcribe"]
    assert heard.needs == ("probe",)
    assert heard.options == TranscribeOptions(audio=None)


def test_an_unknown_recipe_is_refused() -> None:
    with pytest.raises(Rejected, match="no recipe 'opera'; there is image, video, video-av1"):
        plan("opera", None)


def test_a_graph_out_of_order_is_refused() -> None:
    first = StageSpec("a", 1, Queue.LIGHT, ProbeOptions())
    second = StageSpec("b", 1, Queue.LIGHT, ProbeOptions(), needs=("a",))
    Graph((first, second))
    for wrong in ((second, first), (first, first), (second,)):
        with pytest.raises(Rejected):
            Graph(wrong)


def test_a_digest_names_all_that_a_result_hangs_on() -> None:
    spec = plan("video", film())["package"]
    base = stage_digest(spec, {"source": "a"}, ["t1", "t2"], "libx264")
    assert base == stage_digest(spec, {"source": "a"}, ["t2", "t1"], "libx264")
    newer = StageSpec(spec.name, spec.version + 1, spec.queue, spec.options, spec.needs)
    other = plan("video", film(color_transfer="smpte2084"))["package"]
    different = {
        stage_digest(newer, {"source": "a"}, ["t1", "t2"], "libx264"),
        stage_digest(other, {"source": "a"}, ["t1", "t2"], "libx264"),
        stage_digest(spec, {"source": "b"}, ["t1", "t2"], "libx264"),
        stage_digest(spec, {"source": "a"}, ["t1"], "libx264"),
        stage_digest(spec, {"source": "a"}, ["t1", "t2"], "nvenc"),
    }
    assert base not in different
    assert len(different) == 5


def test_every_planned_stage_has_types_and_results_are_json() -> None:
    for stage in plan("video", film()).stages:
        assert isinstance(stage.options, STAGE_TYPES[kind_of(stage.name)].options)
    json.loads(film().model_dump_json())
