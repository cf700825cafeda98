"""Commands are values: checked here without ffmpeg."""

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.media import AudioStream, OtherStream, Probe, VideoStream
from core.process import Completed
from core.renditions import Grid, Rendition, fitted, output_rate
from transcoders import commands, encode, encoders, preview
from transcoders.containers import Container
from transcoders.ffmpeg import Progress, failure, input_arguments
from transcoders.tools import Tools

TOOLS = Tools(
    Path("/bin/ffmpeg"), Path("/bin/ffprobe"), Path("/bin/packager"), "9", "8", "3", "digest"
)
MP4 = Container("video/mp4", "mov", "mov,mp4,m4a,3gp,3g2,mj2")
SOURCE, TARGET = Path("/in/source"), Path("/out/video.mp4")


def picture(**changes: object) -> VideoStream:
    facts = {
        "index": 0, "codec": "h264", "profile": "High", "level": 40, "pix_fmt": "yuv420p",
        "width": 1920, "height": 1080, "frame_rate": "30/1",
    }  # fmt: skip
    return VideoStream.model_validate({**facts, **changes})


def sound(**changes: object) -> AudioStream:
    facts = {"index": 1, "codec": "aac", "profile": "LC", "channels": 2, "sample_rate": 48000}
    return AudioStream.model_validate({**facts, **changes})


def film(video: VideoStream | None = None, *audio: AudioStream) -> Probe:
    return Probe(
        container="mov",
        mime="video/mp4",
        bytes=1,
        duration_seconds=60,
        video=(video or picture(),),
        audio=audio,
    )


def after(argv: tuple[str, ...], option: str) -> str:
    return argv[argv.index(option) + 1]


def test_an_untrusted_file_is_opened_by_one_reader_and_from_disk_only() -> None:
    argv = input_arguments(Path("/x/concat:a"), MP4)
    assert after(argv, "-protocol_whitelist") == "file"
    assert after(argv, "-f") == "mov"
    assert after(argv, "-format_whitelist") == "mov,mp4,m4a,3gp,3g2,mj2"
    assert (after(argv, "-enable_drefs"), after(argv, "-use_absolute_path")) == ("0", "0")
    assert argv[-2:] == ("-i", "file:/x/concat:a")


def test_only_a_files_own_decoders_may_run_once_they_are_known() -> None:
    allowed = after(input_arguments(SOURCE, MP4), "-codec_whitelist").split(",")
    assert {"h264", "libdav1d", "prores", "aac", "dca"} <= set(allowed)
    assert not {"ass", "tscc2", "smackvid", "h264_cuvid"} & set(allowed)
    own = input_arguments(SOURCE, MP4, probe=film(picture(), sound()))
    assert after(own, "-codec_whitelist") == "h264,aac"


def test_a_remux_copies_picture_and_fit_sound() -> None:
    argv = preview.remux(TOOLS, SOURCE, MP4, film(picture(), sound()))
    assert (after(argv, "-c:v"), after(argv, "-c:a")) == ("copy", "copy")
    assert argv[-1] == "stream.m3u8"


@pytest.mark.parametrize(
    "track",
    [sound(codec="mp3"), sound(channels=6), sound(profile="Main"), sound(sample_rate=96000)],
)
def test_a_remux_encodes_only_unfit_sound(track: AudioStream) -> None:
    argv = preview.remux(TOOLS, SOURCE, MP4, film(picture(), track))
    assert (after(argv, "-c:v"), after(argv, "-c:a")) == ("copy", "aac")


def test_silence_stays_silent() -> None:
    argv = preview.remux(TOOLS, SOURCE, MP4, film())
    assert "-an" in argv
    assert argv.count("-map") == 1


GRID = Grid(rate="30000/1001", frames=1800, gop_frames=60)
RUNG = Rendition(name="720p", rung=720, width=1280, height=720, crf=21, peak_bitrate=3_000_000)
LOW = Rendition(name="240p", rung=240, width=426, height=240, crf=21, peak_bitrate=500_000)


def encoded(probe: Probe, *ladder: Rendition, **part: Any) -> tuple[str, ...]:
    whole = {"grid": GRID, "begin": 0, "frames": 1800, "thumbnail_every": 30}
    return encode.encode(
        TOOLS,
        SOURCE,
        MP4,
        probe,
        encode.Part(**{**whole, **part}),
        ladder or (RUNG, LOW),
        {"h264": encoders.software("h264")},
    )


def graph(argv: tuple[str, ...]) -> str:
    return after(argv, "-filter_complex")


def test_one_decode_feeds_every_rung_the_thumbnails_and_the_scores() -> None:
    argv = encoded(film(picture(), sound()))
    assert argv.count("-i") == 1
    assert {"720p.mp4", "240p.mp4", "thumbnails.mjpeg", "-"} <= set(argv)
    assert "scale=w=1280:h=720" in graph(argv)
    assert "scdet" in graph(argv)
    assert "file=thumbnails.txt" in graph(argv)


def test_each_size_is_made_once_from_the_one_above_it() -> None:
    hevc = RUNG.model_copy(update={"name": "720p-hevc", "codec": "hevc"})
    top = Rendition(name="1080p", rung=1080, width=1920, height=1080, crf=21, peak_bitrate=5000000)
    argv = encode.encode(
        TOOLS,
        SOURCE,
        MP4,
        film(),
        encode.Part(GRID, 0, 1800, 30),
        (top, RUNG, LOW, hevc),
        {"h264": encoders.software("h264"), "hevc": encoders.software("hevc")},
    )
    sizes = re.findall(r"scale=w=(\d+):h=\d+:flags=(\w+)", graph(argv))
    assert [size for size in sizes if size[0] != "320"] == [
        ("1920", "bicubic"), ("1280", "lanczos"), ("426", "lanczos"),
    ]  # fmt: skip
    assert {"1080p.mp4", "720p.mp4", "240p.mp4", "720p-hevc.mp4"} <= set(argv)


def test_a_range_that_continues_another_begins_with_half_a_buffer() -> None:
    assert "-rc_init_occupancy" not in encoded(film())
    later = encoded(film(), begin=360, frames=180)
    assert 2 * int(after(later, "-rc_init_occupancy")) == int(after(later, "-bufsize"))


def test_groups_are_closed_and_two_seconds_long() -> None:
    argv = encoded(film())
    assert (after(argv, "-g"), after(argv, "-keyint_min")) == ("60", "60")
    assert after(argv, "-sc_threshold") == "0"
    assert "+cgop" in after(argv, "-flags:v")
    assert after(argv, "-threads") == str(commands.DECODER_THREADS)


def test_a_range_is_cut_by_frames_and_decoded_from_its_keyframe() -> None:
    argv = encoded(film(), begin=360, frames=180, seek=9.5)
    assert argv.index("-ss") < argv.index("-i")
    assert 9.5 < float(after(argv, "-ss")) < 9.501
    assert "-noaccurate_seek" in argv
    # Two frames more than its own in front, for the score of the first.
    assert "trim=start_pts=358:end_pts=540" in graph(argv)
    assert graph(argv).count("trim=start_pts=360") == 2
    assert graph(argv).count("setpts=expr=PTS-360") == 2
    assert "fps=fps=30000/1001[" in graph(argv)
    assert "-ss" not in encoded(film())
    assert "fps=fps=30000/1001:start_time=0.0[" in graph(encoded(film()))


def test_the_picture_is_named_past_covers_and_other_pictures() -> None:
    covered = film(picture(index=2)).model_copy(
        update={"other": (OtherStream(index=0, kind="cover"), OtherStream(index=1, kind="data"))}
    )
    assert "[0:v:1]fps" in graph(encoded(covered))


def test_interlaced_pictures_are_woven_into_whole_ones_before_frames_are_chosen() -> None:
    words = graph(encoded(film(picture(interlaced=True))))
    assert words.index("bwdif") < words.index("fps=")
    assert "bwdif" not in graph(encoded(film()))


def test_hdr_is_made_sdr_once_at_the_largest_size() -> None:
    for transfer in ("smpte2084", "arib-std-b67"):
        words = graph(encoded(film(picture(color_transfer=transfer))))
        assert words.count("]tonemap=") == 1
        assert f"color_trc={transfer}" in words
        assert "zscale=w=1280:h=720" in words
    assert "zscale" not in graph(encoded(film()))


@pytest.mark.parametrize(
    ("changes", "matrix"),
    [
        ({}, "bt709"),
        ({"width": 720, "height": 576}, "smpte170m"),
        ({"color_space": "smpte170m"}, "smpte170m"),
        ({"color_space": "bt2020nc"}, "bt2020"),
    ],
)
def test_colours_are_read_as_meant_and_written_as_bt709(
    changes: dict[str, Any], matrix: str
) -> None:
    words = graph(encoded(film(picture(**changes))))
    assert f"in_color_matrix={matrix}:out_color_matrix=bt709" in words


def test_a_held_picture_is_repeated_before_the_cut() -> None:
    words = graph(encoded(film(), hold_frames=90))
    assert words.index("fps=") < words.index("tpad=stop=90:stop_mode=clone") < words.index("trim=")


@pytest.mark.parametrize(
    ("video", "size", "rate"),
    [
        (picture(), (1920, 1080), "30"),
        (picture(width=3840, height=2160), (1920, 1080), "30"),
        (picture(width=3840, height=2160, rotation=90), (1080, 1920), "30"),
        (picture(width=639, height=359), (640, 360), "30"),
        (picture(width=720, height=576, sar="64/45"), (1024, 576), "30"),
        (picture(frame_rate="120/1"), (1920, 1080), "60"),
        (picture(frame_rate="2987/100", constant_rate=False), (1920, 1080), "30000/1001"),
        (picture(frame_rate=None), (1920, 1080), "30"),
        (picture(frame_rate="24000/1001"), (1920, 1080), "24000/1001"),
    ],
)
def test_a_grid_is_of_a_rate_that_players_expect_and_a_size_upright_and_square(
    video: VideoStream, size: tuple[int, int], rate: str
) -> None:
    assert fitted(video.display_size, 1080) == size
    assert output_rate(video) == Fraction(rate)


@given(st.integers(1, 16384), st.integers(1, 16384), st.sampled_from([360, 720, 1080]))
def test_a_fitted_size_is_even_and_fits(width: int, height: int, short: int) -> None:
    made = fitted((width, height), short)
    assert all(side >= 2 and side % 2 == 0 for side in made)
    assert min(made) <= short
    assert all(new <= old + 1 for new, old in zip(made, (width, height), strict=True))


def test_what_filters_printed_is_read_a_frame_at_a_time() -> None:
    lines = [
        "frame:0    pts:30      pts_time:1", "lavfi.signalstats.YAVG=12.5", "lavfi.blur=-nan",
        "nonsense", "frame:1    pts:60      pts_time:2", "lavfi.scd.score=31",
    ]  # fmt: skip
    assert [(one.frame, dict(one.facts)) for one in encode.printed(lines)] == [
        (30, {"signalstats.YAVG": 12.5}), (60, {"scd.score": 31.0}),
    ]  # fmt: skip
    assert list(encode.printed([])) == []


def test_progress_only_rises_to_one() -> None:
    heard: list[float] = []
    progress = Progress(10.0, heard.append)
    for line in (
        "frame=1", "out_time_us=N/A", "out_time_us=-5", "out_time_us=2500000",
        "out_time_us=2000000", "out_time_us=5000000", "out_time_us=99000000", "progress=continue",
        "progress=end", "progress=end",
    ):  # fmt: skip
        progress.line(line)
    assert heard == [0.25, 0.5, 0.999, 1.0]


@pytest.mark.parametrize(
    ("said", "returncode", "code", "line"),
    [
        ("[mov @ 0x5] moov atom not found", 1, "rejected", "the file is damaged or was cut short"),
        ("[libx264 @ 0x55aa] oh no\n\n", 1, "tool_failed", "ffmpeg failed: oh no"),
        (
            "Exiting, received signal 15",
            255,
            "retryable",
            "ffmpeg failed: Exiting, received signal 15",
        ),
        ("unshare: no namespace", 1, "retryable", "ffmpeg failed: unshare: no namespace"),
        ("", -11, "retryable", "ffmpeg failed: it ended with -11"),
    ],
)
def test_a_failure_is_told_in_one_line(said: str, returncode: int, code: str, line: str) -> None:
    error = failure(Completed(returncode, b"", said, 1.0, 1.0, 1))
    assert (error.code, str(error), error.detail) == (code, line, said)
