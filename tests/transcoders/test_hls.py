"""Playlists."""

from fractions import Fraction
from pathlib import Path

import pytest

from core.errors import Retryable
from transcoders import hls

PLAYLIST = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-MAP:URI="stream.mp4",BYTERANGE="1321@0"
#EXTINF:6.000000,
#EXT-X-BYTERANGE:750000@1321
stream.mp4
#EXTINF:6.000000,
#EXT-X-BYTERANGE:1500000@751321
stream.mp4
#EXTINF:0.100000,
#EXT-X-BYTERANGE:500000@2251321
stream.mp4
#EXT-X-ENDLIST
"""


def test_segments_are_read() -> None:
    assert hls.segments(PLAYLIST)[:2] == (
        hls.Segment(6.0, 750_000, 1321),
        hls.Segment(6.0, 1_500_000, 751_321),
    )


@pytest.mark.parametrize("cut", [PLAYLIST.replace("#EXT-X-ENDLIST", ""), "#EXTM3U\n"])
def test_an_unfinished_playlist_is_no_result(cut: str) -> None:
    with pytest.raises(Retryable):
        hls.segments(cut)


def test_a_short_remainder_is_no_peak() -> None:
    peak, average = hls.bandwidths(hls.segments(PLAYLIST))
    assert peak == 2_000_000
    assert average == round(2_750_000 * 8 / 12.1 + 0.5)


def test_a_single_short_segment_is_its_own_peak() -> None:
    assert hls.bandwidths([hls.Segment(0.5, 1000, 0)]) == (16000, 16000)


def test_a_master_playlist_says_what_players_ask() -> None:
    variant = hls.Variant(
        "stream.m3u8", "avc1.64001f,mp4a.40.2", 1280, 720, Fraction(30000, 1001), 2000, 1000
    )
    assert hls.master([variant]).splitlines()[-2:] == [
        (
            "#EXT-X-STREAM-INF:BANDWIDTH=2000,AVERAGE-BANDWIDTH=1000,"
            'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970'
        ),
        "stream.m3u8",
    ]


def test_a_file_without_a_profile_is_no_result(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(b"nothing")
    with pytest.raises(Retryable):
        hls.video_codec(path)
