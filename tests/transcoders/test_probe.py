"""The gate: what is measured, and what is turned away with one clear line."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Cancelled, Rejected
from core.media import Probe
from core.process import CancelToken
from tests.media_samples import CLIP, Sample
from transcoders.ffmpeg import Bounds
from transcoders.packets import PacketReader, longest_gop
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


def test_names_do_not_matter(sample: Sample, tmp_path: Path) -> None:
    for name in ("concat:a|b.txt", "https:x.m3u8", "-i.mp4", "%d.png", "a b'c.mp4"):
        path = tmp_path / name
        path.write_bytes(sample("plain.mp4").read_bytes())
        assert measure(path).duration_seconds == 4.0


@pytest.fixture
def canary_file(tmp_path: Path) -> Path:
    path = tmp_path / "canary.ts"
    path.write_text("a secret")
    return path


HOSTILE: dict[str, tuple[Callable[[str, str], str], str]] = {
    "text": (lambda file, url: "Just some words.\n", "text, not a video"),
    "hls": (
        lambda file, url: (
            f"#EXTM3U\n#EXTINF:1,\nfile://{file}\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n"
        ),
        "an HLS playlist",
    ),
    "hls behind a byte order mark": (
        lambda file, url: f"\ufeff\n#EXTM3U\n#EXTINF:1,\n{url}\n",
        "an HLS playlist",
    ),
    "concat": (
        lambda file, url: f"ffconcat version 1.0\nfile '{file}'\nfile '{url}'\n",
        "a concat script",
    ),
    "concat without a header": (
        lambda file, url: f"file '{file}'\nfile '{url}'\n",
        "text, not a video",
    ),
    "sdp": (
        lambda file, url: "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nm=video 9 RTP/AVP 96\r\n",
        "a session description",
    ),
    "dash": (
        lambda file, url: f'<?xml version="1.0"?><MPD><BaseURL>{url}</BaseURL></MPD>',
        "a DASH manifest",
    ),
    "smil": (lambda file, url: f'<smil><video src="{url}"/></smil>', "a playlist"),
    "svg": (
        lambda file, url: f'<?xml version="1.0"?><svg><image href="{url}"/></svg>',
        "an XML document",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_files_that_refer_to_others_are_refused_and_nothing_is_opened(
    case: str, tmp_path: Path, canary_file: Path
) -> None:
    text, line = HOSTILE[case]
    accessed = canary_file.stat().st_atime_ns
    with socket.create_server(("127.0.0.1", 0)) as canary_server:
        url = f"http://127.0.0.1:{canary_server.getsockname()[1]}/canary.ts"
        path = tmp_path / "holiday.mp4"
        path.write_text(text(str(canary_file), url))
        with pytest.raises(Rejected, match=line) as caught:
            measure(path)
        canary_server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            canary_server.accept()
    assert "\n" not in str(caught.value)
    assert canary_file.stat().st_atime_ns == accessed


def test_a_playlist_behind_a_video_head_is_not_followed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as canary_server:
        url = f"http://127.0.0.1:{canary_server.getsockname()[1]}/canary.ts"
        playlist = f"#EXTM3U\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n".encode()
        path = tmp_path / "polyglot.mp4"
        for head in (b"\0\0\0\x14ftypisom\0\0\0\0isom", b"G" + bytes(187), b"\x1aE\xdf\xa3"):
            path.write_bytes(head + playlist + (b"G" + bytes(187)) * 5 * (head[:1] == b"G"))
            with pytest.raises(Rejected):
                measure(path)
        canary_server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            canary_server.accept()


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", "the file is empty"),
        (b"\0", "not a video in any known format"),
        (bytes(100_000), "not a video in any known format"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not a video but image/png"),
        (b"%PDF-1.7\n" + bytes(100), "not a video but application/pdf"),
        (b"\0\0\0\x20ftypisom", "damaged"),
        (b"\x1aE\xdf\xa3" + bytes(5000), "damaged"),
        (b"RIFF\xff\xff\xff\xffAVI LIST" + bytes(5000), "damaged"),
        (b"FLV\x01\x05\0\0\0\x09" + bytes(5000), "damaged|no picture"),
        (b"\0\0\x01\xba" + bytes(5000), "damaged|no picture"),
    ],
)
def test_what_is_no_video_is_refused_in_one_line(data: bytes, line: str, tmp_path: Path) -> None:
    path = tmp_path / "movie.mp4"
    path.write_bytes(data)
    with pytest.raises(Rejected, match=line) as caught:
        measure(path)
    assert "\n" not in str(caught.value)
    assert str(path) not in str(caught.value)


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


def packets_of(*lines: str) -> PacketReader:
    reader = PacketReader()
    for line in lines:
        reader.line(line)
    return reader


@pytest.mark.parametrize(
    ("packets", "longest"),
    [
        ([], None),
        (["N/A,K__"], None),
        (["0.0,K__", "0.5,___", "1.0,K__", "1.5,___"], 1.0),
        (["0.0,K__", "2.0,___", "1.0,___", "3.0,___"], 3.0),
        (["1.0,___", "2.0,___"], None),
    ],
)
def test_the_longest_group_is_found(packets: list[str], longest: float | None) -> None:
    lines = (packet.replace(",", ",0.5,100,") for packet in packets)
    assert longest_gop(packets_of(*(f"0,{line}" for line in lines)).of(0)) == longest
