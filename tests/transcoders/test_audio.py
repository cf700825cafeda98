"""What ffmpeg is told about sound: the values, and what the running graph takes."""

from pathlib import Path

import pytest

from tests.media_samples import Sample
from transcoders import audio
from transcoders.containers import Container, recognised
from transcoders.ffmpeg import Bounds, execute
from transcoders.loudness import Gain, read_loudness
from transcoders.tools import Tools, get_tools

TOOLS = Tools(
    Path("/bin/ffmpeg"), Path("/bin/ffprobe"), Path("/bin/packager"), "9", "8", "3", "digest"
)
MP4 = Container("video/mp4", "mov", "mov,mp4,m4a,3gp,3g2,mj2")
SOURCE, KEPT, WORDS = Path("/in/source"), Path("/out/kept.flac"), Path("/out/speech.flac")


def after(argv: tuple[str, ...], option: str) -> str:
    return argv[argv.index(option) + 1]


def read(seconds: float = 4.0, channels: int = 2, speech: Path | None = WORDS) -> tuple[str, ...]:
    return audio.read(
        TOOLS, SOURCE, MP4, 3, channels=channels, seconds=seconds, track=KEPT, speech=speech
    )


def test_the_source_is_read_by_one_reader_on_its_own_clock() -> None:
    argv = read()
    assert after(argv, "-format_whitelist") == MP4.names
    assert after(argv, "-protocol_whitelist") == "file"
    assert argv.index("-copyts") < argv.index("-i")
    assert argv.index("-start_at_zero") < argv.index("-i")
    assert after(argv, "-map") == "0:3"


def test_one_decode_serves_the_meter_the_words_and_the_kept_track() -> None:
    argv = read()
    assert argv.count("-i") == 1
    assert argv[-1] == str(WORDS)
    assert str(KEPT) in argv
    assert "[speech]" not in " ".join(read(speech=None))


@pytest.mark.parametrize(("channels", "made"), [(1, 1), (2, 2), (3, 2), (6, 2), (16, 2)])
def test_one_channel_stays_one_and_more_become_two(channels: int, made: int) -> None:
    assert audio.channels_of(channels) == made


@pytest.mark.parametrize(
    ("seconds", "samples"), [(4.0, 192_000), (1001 / 30000, 1602), (1 / 3, 16_000), (1e-6, 1)]
)
def test_a_track_lasts_as_long_as_the_picture_to_the_sample(seconds: float, samples: int) -> None:
    assert audio.samples(seconds) == samples
    assert f"atrim=end_sample={samples}" in after(read(seconds), "-filter_complex")


def test_a_limiter_looks_between_the_samples_and_moves_nothing() -> None:
    argv = audio.encode(TOOLS, KEPT, Gain(5.4, -1.7), channels=2, target=Path("/out/a.m4a"))
    filters = after(argv, "-af")
    assert filters.index("aresample=192000") < filters.index("alimiter")
    assert "volume=5.40dB" in filters
    assert "limit=0.822243" in filters
    assert "latency=1" in filters


def test_without_a_ceiling_there_is_no_limiter() -> None:
    argv = audio.encode(TOOLS, KEPT, Gain(-3.0), channels=1, target=Path("/out/a.m4a"))
    assert "alimiter" not in after(argv, "-af")
    assert after(argv, "-b:a") == str(audio.BITRATES[1])


def test_nothing_of_the_source_is_told_and_no_version_is_written() -> None:
    for argv in (read(), audio.encode(TOOLS, KEPT, Gain(0.0), channels=2, target=KEPT)):
        assert after(argv, "-map_metadata") == "-1"
        assert after(argv, "-map_chapters") == "-1"
        assert "+bitexact" in argv


def test_a_long_gap_needs_no_more_memory_than_a_short_one(sample: Sample, tmp_path: Path) -> None:
    source = sample("much-later.mkv")
    peaks = []
    for seconds in (20.0, 302.0):
        argv = audio.read(
            get_tools(),
            source,
            recognised(source),
            1,
            channels=2,
            seconds=seconds,
            track=tmp_path / "kept.flac",
            speech=None,
        )
        done = execute(argv, bounds=Bounds(wall_seconds=60, memory_bytes=4 << 30))
        peaks.append(done.peak_bytes)
    # The sound behind the gap is there: it is what is heard.
    assert read_loudness(done.stderr_tail).integrated == pytest.approx(-21.5, abs=1.5)
    assert peaks[1] - peaks[0] < 20 << 20
