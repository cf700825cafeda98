"""Planning is pure: the same question has the same answer, and never touches a file."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Rejected
from core.media import AudioStream, Probe, VideoStream
from pipeline.plan import STAGE_TYPES, Graph, Queue, StageSpec, plan, stage_digest
from pipeline.plan.video import Mode, PackageOptions, ProbeOptions

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


def package(probe: Probe) -> PackageOptions:
    options = plan("video", probe)["package"].options
    assert isinstance(options, PackageOptions)
    return options


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
    color_transfer=st.sampled_from([None, "bt709", "smpte2084"]),
)
audios = st.builds(
    AudioStream,
    index=st.just(1),
    codec=st.sampled_from(["aac", "mp3"]),
    channels=st.integers(1, 8),
    sample_rate=st.sampled_from([44100, 48000]),
)
probes = st.builds(
    Probe,
    container=st.just("mov"),
    mime=st.just("video/mp4"),
    bytes=st.integers(1, 10**12),
    duration_seconds=st.floats(0.01, 40_000),
    video=st.tuples(videos),
    audio=st.lists(audios, max_size=2).map(tuple),
)


def test_without_a_probe_there_is_only_the_probe() -> None:
    (stage,) = plan("video", None).stages
    assert (stage.name, stage.queue, stage.needs) == ("probe", Queue.MEDIA, ())


@given(probes)
def test_a_plan_is_a_graph_in_order_that_begins_as_it_began(probe: Probe) -> None:
    graph = plan("video", probe)
    assert graph == plan("video", Probe.model_validate_json(probe.model_dump_json()))
    assert graph.stages[0] == plan("video", None).stages[0]
    assert [stage.name for stage in graph.stages] == ["probe", "package", "poster"]
    assert graph["poster"].needs == ("probe",)
    assert all(stage.deadline_seconds > 0 for stage in graph.stages)


@given(probes)
def test_options_come_back_from_json_as_they_were(probe: Probe) -> None:
    for stage in plan("video", probe).stages:
        model = STAGE_TYPES[stage.name].options
        assert model.model_validate_json(stage.options.model_dump_json()) == stage.options


@given(probes)
def test_only_what_plays_everywhere_is_kept(probe: Probe) -> None:
    video = probe.main_video
    assert video is not None
    options = package(probe)
    assert options.reason
    if options.mode is Mode.REMUX:
        assert video.codec == "h264"
        assert (video.rotation, video.sar, video.interlaced) == (0, "1/1", False)
        assert video.width % 2 == video.height % 2 == 0


def test_a_fit_picture_is_kept() -> None:
    assert package(film()).mode is Mode.REMUX


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"codec": "hevc"}, "the picture is hevc, not h264"),
        ({"profile": "High 10"}, "the profile is High 10"),
        ({"pix_fmt": "yuv422p"}, "the pixels are yuv422p"),
        ({"level": 60}, "the level is 60"),
        ({"interlaced": True}, "the picture is interlaced"),
        ({"rotation": 90}, "the picture is turned by 90 degrees"),
        ({"sar": "64/45"}, "the pixels are not square (64/45)"),
        ({"color_transfer": "arib-std-b67"}, "the picture is HDR"),
        ({"constant_rate": False}, "the frame rate varies"),
        ({"width": 1919}, "the size is odd"),
        ({"longest_gop_seconds": None}, "the keyframes are unknown"),
        ({"longest_gop_seconds": 30.5}, "keyframes are up to 30.5 s apart"),
    ],
)
def test_an_unfit_picture_is_encoded_and_the_reason_said(
    changes: dict[str, Any], reason: str
) -> None:
    assert package(film(**changes)) == PackageOptions(mode=Mode.TRANSCODE, reason=reason)


def test_an_unknown_recipe_is_refused() -> None:
    with pytest.raises(Rejected, match="no recipe 'opera'; there is video"):
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
    other = plan("video", film(codec="hevc"))["package"]
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
        assert isinstance(stage.options, STAGE_TYPES[stage.name].options)
    json.loads(film().model_dump_json())
