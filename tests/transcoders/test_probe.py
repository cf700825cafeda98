"""The gate: what is measured, and what is turned away with one clear line."""

from pathlib import Path

import pytest

from core.errors import Cancelled, Rejected
from core.media import Probe
from core.process import CancelToken
from tests.media_samples import CLIP, Sample
from transcoders import packets
from transcoders.ffmpeg import Bounds
from transcoders.probe import ProbeLimits, probe
from transcoders.tools import get_tools


def measure(path: Path) -> Probe:
    return probe(path, get_tools())


def test_the_demo_clip_is_measured() -> None:
    found = measure(CLIP)
    video, audio = found.main_video, found.main_audio
    assert video is not None
    assert audio is not None
    assert (found.mime, found.duration_seconds, found.bytes) == ("video/mp4", 25.0, 3_435_081)
    assert (video.codec, video.profile, video.level, video.pix_fmt) == (
        "h264",
        "High",
        31,
        "yuv420p",
    )
    assert (video.display_size, video.frame_rate, video.constant_rate) == (
        (1280, 720),
        "24/1",
        True,
    )
    assert video.longest_gop_seconds == 10.417
    assert (audio.codec, audio.profile, audio.channels, audio.sample_rate) == (
        "aac",
        "LC",
        2,
        48000,
    )


def test_a_probe_survives_its_way_through_json() -> None:
    found = measure(CLIP)
    assert Probe.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rotated.mov", {"rotation": 270, "display_size": (360, 640)}),
        ("wide-pixels.mp4", {"sar": "4/3", "display_size": (853, 360)}),
        ("ten-bit.mkv", {"codec": "hevc", "pix_fmt": "yuv420p10le"}),
        ("interlaced.ts", {"codec": "mpeg2video", "interlaced": True}),
        ("uneven.mp4", {"constant_rate": False}),
        ("old.avi", {"codec": "mpeg4"}),
        ("odd.mp4", {"display_size": (639, 359)}),
        ("plain.mp4", {"longest_gop_seconds": 1.0}),
    ],
)
def test_what_matters_of_a_picture_is_measured(
    sample: Sample, name: str, expected: dict[str, object]
) -> None:
    video = measure(sample(name)).main_video
    assert {key: getattr(video, key) for key in expected} == expected


def test_a_recording_that_does_not_say_how_long_it_is_is_measured(sample: Sample) -> None:
    assert measure(sample("recording.webm")).duration_seconds == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain.mp4", ("30/1", True)),
        ("four-seconds.mkv", ("30/1", True)),
        ("recording.webm", ("30/1", True)),
        ("portrait.mp4", ("60000/1001", True)),
        ("uneven.mp4", ("30/1", False)),
        ("one-frame.mp4", ("25/1", True)),
        ("slides.mp4", ("1/2", False)),
    ],
)
def test_the_rate_is_that_of_the_frames(
    sample: Sample, name: str, expected: tuple[str, bool]
) -> None:
    video = measure(sample(name)).video[0]
    assert (video.frame_rate, video.constant_rate) == expected


def test_streams_begin_and_end_when_their_packets_do(sample: Sample) -> None:
    found = measure(sample("late-sound.mkv"))
    assert found.start_seconds == 0.0
    assert (found.video[0].start_seconds, found.video[0].duration_seconds) == (0.0, 4.0)
    assert found.audio[0].start_seconds == pytest.approx(1.5, abs=0.01)
    assert found.audio[0].duration_seconds == pytest.approx(2.5, abs=0.05)
    broadcast = measure(sample("interlaced.ts"))
    assert broadcast.start_seconds == pytest.approx(1.4, abs=0.1)
    assert broadcast.video[0].start_seconds == broadcast.start_seconds


def test_a_picture_that_ends_before_the_sound_is_no_damage(sample: Sample) -> None:
    found = measure(sample("long-sound.mp4"))
    assert found.duration_seconds == pytest.approx(4, abs=0.05)
    assert found.video[0].duration_seconds == 2.0


def test_tracks_have_their_language_and_their_title(sample: Sample) -> None:
    tracks = measure(sample("two-tracks.mkv")).audio
    assert [(track.language, track.title) for track in tracks] == [
        ("eng", "Narration"),
        (None, None),
    ]


def test_fields_are_seen_where_the_first_picture_has_none(sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / "mixed.ts"
    path.write_bytes(sample("frames.ts").read_bytes() + sample("fields.ts").read_bytes())
    assert measure(path).video[0].interlaced
    assert not measure(sample("frames.ts")).video[0].interlaced


def test_the_main_picture_is_the_larger_one(sample: Sample) -> None:
    found = measure(sample("two-pictures.mkv"))
    assert [(video.width, video.height) for video in found.video] == [(128, 72), (64, 64)]


@pytest.mark.parametrize(
    ("name", "hdr"), [("pq.mp4", "pq"), ("hlg.mp4", "hlg"), ("plain.mp4", None)]
)
def test_a_high_dynamic_range_is_seen(sample: Sample, name: str, hdr: str | None) -> None:
    assert measure(sample(name)).video[0].hdr == hdr


def test_a_long_file_is_measured_alike_whole_or_by_looks(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sample("long.mp4")
    whole = measure(path)
    monkeypatch.setattr(packets, "WHOLE_BYTES", 0)
    looked = measure(path)
    assert whole.video[0].longest_gop_seconds == looked.video[0].longest_gop_seconds == 3.0
    assert looked.model_copy(update={"index": None}) == whole.model_copy(update={"index": None})


def test_a_long_file_that_was_cut_short_is_refused_without_reading_it_whole(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packets, "WHOLE_BYTES", 0)
    data = sample("long-early-index.mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: len(data) * 7 // 10])
    with pytest.raises(
        Rejected, match=r"cut short: it says 100\.0 s, and (6|7)\d\.\d s could be read"
    ):
        measure(path)


def test_a_file_without_its_index_is_refused(sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(sample("plain.mp4").read_bytes()[:60_000])
    with pytest.raises(Rejected, match="damaged or was cut short"):
        measure(path)


def test_sound_alone_is_refused(sample: Sample) -> None:
    with pytest.raises(Rejected, match="no picture"):
        measure(sample("sound-only.mp4"))


def test_too_many_streams_are_refused(sample: Sample) -> None:
    with pytest.raises(Rejected, match="streams"):
        measure(sample("many-streams.mkv"))


def test_an_absurd_size_is_refused(sample: Sample, tmp_path: Path) -> None:
    data = bytearray(sample("vp8.webm").read_bytes())
    # A VP8 keyframe: start code, then 14 bits of width and of height (RFC 6386, 9.1).
    at = data.index(b"\x9d\x01\x2a" + (640).to_bytes(2, "little"))
    data[at + 3 : at + 7] = (16383).to_bytes(2, "little") * 2
    # Matroska says it a second time: PixelWidth and PixelHeight.
    for mark in (b"\xb0\x82", b"\xba\x82"):
        place = data.index(mark)
        data[place + 2 : place + 4] = (16383).to_bytes(2, "big")
    path = tmp_path / "huge.webm"
    path.write_bytes(data)
    with pytest.raises(Rejected, match=r"size|larger than allowed"):
        measure(path)


@pytest.mark.parametrize(
    ("limits", "line"),
    [
        (ProbeLimits(duration_seconds=3), "lasts longer than"),
        (ProbeLimits(pixels=1000), "size|larger"),
        (ProbeLimits(bounds=Bounds(wall_seconds=0.01, memory_bytes=1 << 30)), "more time"),
    ],
)
def test_bounds_are_kept(sample: Sample, limits: ProbeLimits, line: str) -> None:
    with pytest.raises(Rejected, match=line):
        probe(sample("plain.mp4"), get_tools(), limits=limits)


def test_a_cancelled_probe_stops() -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        probe(CLIP, get_tools(), cancel=token)
