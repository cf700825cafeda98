"""Any film to any network: the plan is pure and right for random films, the files for odd ones."""

import json
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Rejected
from core.media import AudioStream, Probe, VideoStream
from core.renditions import Frame
from pipeline.plan import StageResult
from pipeline.plan.fit import BUFFER_SECONDS, encoded_again, fit_film
from pipeline.plan.fit_types import Action, FitChoices, FitOptions, FitPlan, FitResult
from pipeline.plan.networks import NETWORKS, MediaFacts, facts_of, network_named, preflight
from pipeline.plan.networks.types import Range
from pipeline.stages import StageContext, StageInput, fit
from tests.media_samples import Sample
from transcoders.probe import probe as measure
from transcoders.tools import get_tools

PLACEMENTS = [
    (network.name, limit.kind)
    for network in NETWORKS.values()
    for limit in network.media
    if limit.kind in ("video", "reel")
]
RATES = ["1/1", "10/1", "15/1", "24000/1001", "24/1", "25/1", "30000/1001", "60/1", "90/1", "240/1"]

videos = st.builds(
    VideoStream,
    index=st.just(0),
    codec=st.sampled_from(["h264", "hevc", "vp9", "prores"]),
    pix_fmt=st.sampled_from(["yuv420p", "yuvj420p", "yuv422p10le", "yuv420p10le", "nv12"]),
    bit_depth=st.sampled_from([8, 10]),
    width=st.integers(2, 8192),
    height=st.integers(2, 4608),
    rotation=st.sampled_from([0, 90, 180, 270]),
    sar=st.sampled_from(["1/1", "4/3", "16/15"]),
    frame_rate=st.sampled_from(RATES),
    constant_rate=st.booleans(),
    interlaced=st.booleans(),
    color_transfer=st.sampled_from([None, "bt709", "smpte2084", "arib-std-b67"]),
)
sounds = st.builds(
    AudioStream,
    index=st.just(1),
    codec=st.sampled_from(["aac", "opus", "pcm_s16le"]),
    profile=st.sampled_from(["LC", "HE-AAC"]),
    channels=st.integers(1, 8),
    sample_rate=st.sampled_from([8000, 44_100, 48_000, 96_000]),
)


@st.composite
def films(draw: st.DrawFn) -> Probe:
    sound = draw(st.none() | sounds)
    seconds = draw(st.floats(0.05, 40_000) | st.floats(0.05, 200))
    size = draw(st.integers(1_000, 4 << 40))
    return Probe(
        container="mov",
        mime=draw(st.sampled_from(["video/mp4", "video/quicktime", "video/webm"])),
        bytes=size,
        duration_seconds=seconds,
        bitrate=int(size * 8 / seconds),
        video=(draw(videos),),
        audio=(sound,) if sound else (),
    )


def made_of(plan: FitPlan) -> MediaFacts:
    """The facts of the file that a plan makes, at the most bits that its rate allows."""
    assert plan.picture is not None
    picture, sound = plan.picture, plan.sound
    seconds = picture.grid.seconds
    bits = picture.peak_bitrate * (seconds + BUFFER_SECONDS)
    bits += (sound.bitrate if sound else 0) * seconds
    return MediaFacts(
        bytes=int(bits / 8 * 1.01),
        duration_seconds=seconds + 0.045,
        width=picture.frame.width,
        height=picture.frame.height,
        frame_rate=round(float(Fraction(picture.grid.rate)), 1),
        bitrate=int(bits / seconds * 1.01),
        mime="video/mp4",
        video_codec="h264",
        audio_codec="aac" if sound else None,
        audio_profile="LC" if sound else None,
        audio_rate=sound.sample_rate if sound else None,
        audio_channels=sound.channels if sound else None,
        index_first=True,
        plain_timeline=True,
        bit_depth=8,
        chroma="4:2:0",
        dynamic_range="sdr",
        square_pixels=True,
        progressive=True,
        constant_rate=True,
    )


@settings(max_examples=80, deadline=None)
@given(
    film=films(),
    plain=st.booleans(),
    shape=st.sampled_from(["pad", "crop"]),
    focus=st.floats(0, 1),
)
def test_what_is_taken_stays_and_what_is_made_is_taken(
    film: Probe, plain: bool, shape: Any, focus: float
) -> None:
    facts = facts_of(film, index_first=plain, plain_timeline=plain)
    choices = FitChoices(shape=shape, trim=True, focus_x=focus, focus_y=focus)
    for name, kind in PLACEMENTS:
        network = network_named(name)
        options = FitOptions(network=name, kind=kind, choices=choices)
        plan = fit_film(film, facts, options)
        assert plan.refused == preflight(network, kind, facts)
        assert (plan.action is Action.KEEP) == (not plan.refused or bool(plan.blocked))
        if plan.blocked:
            assert {each.field for each in plan.blocked} == {"duration_seconds"}
            assert film.duration_seconds < 3
        elif plan.action is not Action.KEEP:
            assert plan.steps
        if plan.picture is not None:
            made = made_of(plan)
            left = preflight(network, kind, made)
            if [each.field for each in left] == ["bytes"] and (made.bytes or 0) < 75_000:
                again = encoded_again(plan, film, options, left, 1.0)
                assert again is not None
                assert not preflight(network, kind, made_of(again[0]))
            else:
                assert not left, (name, kind, [each.line for each in left])
            holds_the_picture(plan.picture.frame, film, shape)


def holds_the_picture(frame: Frame, film: Probe, shape: str) -> None:
    assert all(side % 2 == 0 for side in frame.model_dump().values())
    video = film.main_video
    assert video is not None
    width, height = video.display_size
    # Sides are rounded to even pixels, and to those of the canvas: no more than that is bent.
    bent = frame.inner_width - width * frame.inner_height / height
    assert abs(bent) <= 3 + 3 * width / height
    if shape == "pad":
        assert 0 <= frame.x <= frame.width - frame.inner_width
        assert 0 <= frame.y <= frame.height - frame.inner_height
    else:
        assert frame.width - frame.inner_width <= frame.x <= 0
        assert frame.height - frame.inner_height <= frame.y <= 0


def test_a_film_that_is_too_long_is_refused_unless_it_may_be_cut() -> None:
    film = Probe(
        container="mov", mime="video/mp4", bytes=9_000_000, duration_seconds=91.0,
        video=(VideoStream(index=0, codec="h264", width=1080, height=1920, frame_rate="25/1"),),
    )  # fmt: skip
    options = FitOptions(network="facebook", kind="reel")
    plan = fit_film(film, facts_of(film), options)
    assert [each.field for each in plan.blocked] == ["duration_seconds"]
    allowed = options.model_copy(update={"choices": FitChoices(trim=True)})
    cut = fit_film(film, facts_of(film), allowed)
    assert not cut.blocked
    assert cut.steps[0].line.startswith("the last 1.08 s are cut off")


def test_long_films_get_fewer_pixels_rather_than_bad_ones() -> None:
    film = Probe(
        container="mov", mime="video/webm", bytes=9 << 30, duration_seconds=1790.0,
        video=(VideoStream(index=0, codec="vp9", width=3840, height=2160, frame_rate="60/1"),),
    )  # fmt: skip
    plan = fit_film(film, facts_of(film), FitOptions(network="linkedin", kind="video"))
    assert plan.picture is not None
    assert 1400 < plan.picture.frame.width < 1500
    assert plan.picture.peak_bitrate * 1790 / 8 < 500_000_000


def fitted(
    source: Path, scratch: Path, network: str, kind: str, **choices: Any
) -> tuple[FitResult, Path, StageResult]:
    """The stage's result, and the file; what is made is planned again, and nothing is left."""
    scratch.mkdir()
    options = FitOptions(network=network, kind=kind, choices=FitChoices(**choices))
    probe = measure(source, get_tools())
    context = StageContext(
        source=source,
        source_sha256="",
        scratch=scratch,
        tools=get_tools(),
        inputs={"probe": StageInput(probe)},
    )
    result = fit.run(context, options)
    assert isinstance(result.value, FitResult)
    *media, report = result.artifacts
    path = media[0].path if media else source
    told = json.loads(report.path.read_text())
    assert told["action"] == result.value.plan.action
    assert [each["line"] for each in told["steps"]] == [
        each.line for each in result.value.plan.steps
    ]
    again = fit.plan_of(path, measure(path, get_tools()), options)
    assert again.action is Action.KEEP
    assert not again.refused
    return result.value, path, result


@pytest.mark.parametrize(
    ("name", "network", "kind", "action", "seen"),
    [
        pytest.param(
            "odd.mp4",
            "x",
            "video",
            Action.ENCODE,
            {"width": 640, "height": 360},
            marks=pytest.mark.long,
        ),
        ("fast.mp4", "x", "video", Action.ENCODE, {"frame_rate": 60.0}),
        ("pq.mp4", "x", "video", Action.ENCODE, {"dynamic_range": "sdr", "audio_codec": None}),
        pytest.param(
            "interlaced.ts",
            "shopify",
            "video",
            Action.ENCODE,
            {"progressive": True},
            marks=pytest.mark.long,
        ),
        ("uneven.mp4", "instagram", "reel", Action.SOUND, {"audio_channels": 2}),
        ("silent.mp4", "instagram", "reel", Action.REMUX, {"audio_codec": None}),
        ("rotated.mov", "linkedin", "video", Action.REMUX, {"width": 360, "height": 640}),
        pytest.param(
            "recording.webm",
            "facebook",
            "video",
            Action.ENCODE,
            {"video_codec": "h264"},
            marks=pytest.mark.long,
        ),
        ("plain.mp4", "youtube", "video", Action.KEEP, {"width": 640}),
    ],
)
def test_odd_films_become_files_that_are_taken(
    sample: Sample,
    tmp_path: Path,
    name: str,
    network: str,
    kind: str,
    action: Action,
    seen: dict[str, Any],
) -> None:
    value, path, _ = fitted(sample(name), tmp_path / "made", network, kind)
    assert value.plan.action is action
    assert (path == sample(name)) == (action is Action.KEEP)
    facts = value.facts.model_dump()
    assert {fact: facts[fact] for fact in seen} == seen
    source = measure(sample(name), get_tools()).duration_seconds
    assert value.probe.duration_seconds == pytest.approx(source, abs=0.1)


def decoded(path: Path, *arguments: str) -> bytes:
    command = [str(get_tools().ffmpeg), "-v", "error", "-i", str(path), *arguments, "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def first_click(path: Path) -> int:
    """The sample, of 48,000 a second, at which the first click is heard."""
    in_time = ("-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", "48000")
    heard = decoded(path, "-vn", *in_time, "-f", "s16le")
    samples = memoryview(heard).cast("h")
    return next(number for number, sample in enumerate(samples) if abs(sample) > 6000)


@pytest.mark.parametrize(
    ("name", "network", "action"),
    [
        ("clicks.mp4", "instagram", Action.REMUX),
        ("clicks-8k.mov", "instagram", Action.SOUND),
        ("clicks-opus.webm", "x", Action.ENCODE),
        ("clicks-late.mp4", "instagram", Action.ENCODE),
        ("clicks-cut.mp4", "instagram", Action.ENCODE),
    ],
)
def test_there_is_no_edit_list_and_sound_stays_in_time_to_the_millisecond(
    sample: Sample, tmp_path: Path, name: str, network: str, action: Action
) -> None:
    source, kind = sample(name), "reel" if network == "instagram" else "video"
    value, path, _ = fitted(source, tmp_path / "made", network, kind)
    assert value.plan.action is action, value.notes
    assert b"elst" not in path.read_bytes()
    assert first_click(path) == pytest.approx(first_click(source), abs=48)
    begins = measure(path, get_tools()).main_video
    assert begins is not None
    assert begins.start_seconds == 0


@pytest.mark.parametrize(("shape", "bars"), [("pad", True), ("crop", False)])
def test_another_shape_has_bars_or_loses_its_sides(
    sample: Sample, tmp_path: Path, shape: str, bars: bool
) -> None:
    value, path, _ = fitted(
        sample("silent.mp4"), tmp_path / "made", "facebook", "reel",
        shape=shape, background="#0000ff",
    )  # fmt: skip
    width, height = value.facts.width, value.facts.height
    assert width is not None
    assert height is not None
    assert (width, height) == ((640, 1138) if bars else (540, 960))
    shown = decoded(path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24")
    row = shown[3 * width * 40 : 3 * width * 41]
    blue = [row[at + 2] > 240 > 12 > max(row[at : at + 2]) for at in range(0, len(row), 3)]
    assert all(blue) == bars
    middle = shown[3 * width * (height // 2) : 3 * width * (height // 2 + 1)]
    assert len(set(middle)) > 5


def test_a_file_that_is_too_small_is_filled(sample: Sample, tmp_path: Path) -> None:
    value, path, _ = fitted(sample("still.mp4"), tmp_path / "made", "linkedin", "video")
    assert 75_000 <= path.stat().st_size < 110_000
    assert value.tries == 2


def test_a_file_stays_below_the_size_whatever_is_in_it(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = NETWORKS["x"]
    narrow = tuple(
        limit.model_copy(update={"ranges": tuple(tight(one, 80_000) for one in limit.ranges)})
        for limit in x.media
    )
    monkeypatch.setitem(NETWORKS, "x", x.model_copy(update={"media": narrow}))
    value, path, _ = fitted(sample("snow.mp4"), tmp_path / "made", "x", "video")
    assert path.stat().st_size <= 80_000
    assert value.tries <= 4


def tight(limit: Range, most: float) -> Range:
    return limit.model_copy(update={"most": most}) if limit.fact == "bytes" else limit


def test_a_film_that_nothing_may_mend_is_refused_in_a_line(sample: Sample, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="the length is 2 s, at least 3 s: it needs more film"):
        fitted(sample("portrait.mp4"), tmp_path / "made", "facebook", "reel")


@pytest.mark.long
def test_too_long_a_film_is_cut_below_the_length_where_that_is_allowed(
    sample: Sample, tmp_path: Path
) -> None:
    source = sample("long.mp4")
    with pytest.raises(Rejected, match="at most 30 s"):
        fitted(source, tmp_path / "refused", "google_business", "video")
    value, _, _ = fitted(source, tmp_path / "made", "google_business", "video", trim=True)
    assert 29.8 < value.probe.duration_seconds <= 30
    assert min(value.facts.width or 0, value.facts.height or 0) == 720
