"""Commands are values: checked here without ffmpeg."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.media import AudioStream, Probe, VideoStream
from core.process import Completed
from transcoders import commands
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
    argv = commands.remux(TOOLS, SOURCE, MP4, film(picture(), sound()), TARGET)
    assert (after(argv, "-c:v"), after(argv, "-c:a")) == ("copy", "copy")
    assert after(argv, "-movflags") == "+faststart"
    assert argv[-1] == str(TARGET)


@pytest.mark.parametrize(
    "track",
    [sound(codec="mp3"), sound(channels=6), sound(profile="Main"), sound(sample_rate=96000)],
)
def test_a_remux_encodes_only_unfit_sound(track: AudioStream) -> None:
    argv = commands.remux(TOOLS, SOURCE, MP4, film(picture(), track), TARGET)
    assert (after(argv, "-c:v"), after(argv, "-c:a")) == ("copy", "aac")


def test_silence_stays_silent() -> None:
    for make in (commands.remux, commands.transcode):
        argv = make(TOOLS, SOURCE, MP4, film(), TARGET)
        assert "-an" in argv
        assert argv.count("-map") == 1


def test_the_default_track_is_heard() -> None:
    tracks = (sound(index=1), sound(index=2, default=True))
    argv = commands.transcode(TOOLS, SOURCE, MP4, film(picture(), *tracks), TARGET)
    assert [argv[n + 1] for n, word in enumerate(argv) if word == "-map"] == ["0:0", "0:2"]


def test_groups_are_closed_and_two_seconds_long() -> None:
    argv = commands.transcode(
        TOOLS, SOURCE, MP4, film(picture(codec="hevc", frame_rate="30000/1001")), TARGET
    )
    assert (after(argv, "-g"), after(argv, "-keyint_min")) == ("60", "60")
    assert after(argv, "-sc_threshold") == "0"
    assert "+cgop" in after(argv, "-flags:v")
    assert after(argv, "-threads") == str(commands.THREADS)


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
def test_a_rendition_is_upright_square_and_at_most_1080p60(
    video: VideoStream, size: tuple[int, int], rate: str
) -> None:
    made = commands.rendition(video)
    assert (made.width, made.height, made.frame_rate) == (*size, Fraction(rate))


@given(st.integers(1, 16384), st.integers(1, 16384), st.sampled_from([360, 720, 1080]))
def test_a_fitted_size_is_even_and_fits(width: int, height: int, short: int) -> None:
    made = commands.fitted((width, height), short)
    assert all(side >= 2 and side % 2 == 0 for side in made)
    assert min(made) <= short
    assert all(new <= old + 1 for new, old in zip(made, (width, height), strict=True))


@given(st.floats(0.01, 50_000))
def test_a_poster_is_looked_for_inside_the_film(duration: float) -> None:
    begin, length = commands.poster_window(duration)
    assert 0 <= begin < begin + length <= duration
    assert length <= 20


def test_interlaced_pictures_are_woven_into_whole_ones() -> None:
    video = picture(interlaced=True)
    assert commands.video_filters(video, commands.rendition(video)).startswith("bwdif")


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
