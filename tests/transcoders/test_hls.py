"""Playlists."""

import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_a_short_remainder_counts_with_what_is_before_it() -> None:
    peak, average = hls.bandwidths(hls.segments(PLAYLIST))
    assert peak == math.ceil(2_000_000 * 8 / 6.1)
    assert average == math.ceil(2_750_000 * 8 / 12.1)


@given(
    st.lists(
        st.builds(
            hls.Segment,
            st.floats(0.02, 12),
            st.integers(100, 10_000_000),
            st.just(0),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_no_segment_of_a_usual_length_is_above_the_peak(parts: list[hls.Segment]) -> None:
    peak, average = hls.bandwidths(parts)
    target = hls.target_duration(parts)
    assert average <= peak
    for part in parts:
        if target / 2 <= part.seconds <= 1.5 * target:
            assert part.bytes * 8 / part.seconds <= peak
        assert part.seconds < target + 0.5


def test_a_single_short_segment_is_its_own_peak() -> None:
    assert hls.bandwidths([hls.Segment(0.5, 1000, 0)]) == (16000, 16000)


def variant(name: str, codecs: str, bandwidth: int) -> hls.Variant:
    return hls.Variant(name, codecs, 1280, 720, Fraction(30000, 1001), bandwidth, 1000)


def test_a_master_playlist_says_what_players_ask() -> None:
    text = hls.master([variant("stream.m3u8", "avc1.64001f,mp4a.40.2", 2000)])
    assert text.splitlines()[-2:] == [
        (
            "#EXT-X-STREAM-INF:BANDWIDTH=2000,AVERAGE-BANDWIDTH=1000,"
            'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,'
            "CLOSED-CAPTIONS=NONE"
        ),
        "stream.m3u8",
    ]


def test_sounds_and_keyframes_are_offered_beside_the_pictures() -> None:
    sound = hls.Sound("a.m3u8", 'Say "hello"\n,\x00 friend', "en", 2, default=True, chosen=True)
    other = hls.Sound("b.m3u8", "Comment", None, 1, default=False, chosen=False)
    keys = hls.Keyframes("v-iframes.m3u8", "avc1.64001f", 1280, 720, 300, 200)
    lines = hls.master([variant("v.m3u8", "avc1.64001f", 1)], [sound, other], [keys]).splitlines()
    assert lines[3:5] == [
        (
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Say \'hello\' , friend",LANGUAGE="en",'
            'DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a.m3u8"'
        ),
        (
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Comment",'
            'DEFAULT=NO,AUTOSELECT=NO,CHANNELS="1",URI="b.m3u8"'
        ),
    ]
    assert ',AUDIO="audio",' in lines[5]
    assert lines[-1] == (
        "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=300,AVERAGE-BANDWIDTH=200,"
        'CODECS="avc1.64001f",RESOLUTION=1280x720,URI="v-iframes.m3u8"'
    )


def test_players_begin_with_what_is_light_and_plays_everywhere() -> None:
    high, low = variant("high", "avc1.640028", 6_000_000), variant("low", "avc1.64001e", 900_000)
    middle = variant("middle", "avc1.64001f", 1_900_000)
    modern = variant("modern", "hvc1.1.6.L93.90", 1_950_000)
    ordered = hls.by_preference([low, modern, high, middle])
    assert [one.uri for one in ordered] == ["middle", "high", "modern", "low"]
    assert hls.by_preference([high]) == [high]
    assert hls.by_preference([modern]) == [modern]


@given(st.fractions(1, 60, max_denominator=1001), st.integers(1, 2000))
def test_the_lengths_of_many_segments_do_not_drift(rate: Fraction, count: int) -> None:
    seconds = 6 * round(rate) / rate
    parts = [hls.Segment(float(seconds), 10, 100 + 10 * number) for number in range(count)]
    text = hls.playlist("v.mp4", 100, parts)
    read = hls.segments(text)
    assert [(part.bytes, part.offset) for part in read] == [
        (part.bytes, part.offset) for part in parts
    ]
    assert sum(part.seconds for part in read) == pytest.approx(float(seconds * count), abs=2e-6)


def test_a_playlist_of_keyframes_says_so() -> None:
    lines = hls.playlist("v.mp4", 99, [hls.Segment(2.0, 5, 99)], keyframes=True).splitlines()
    assert "#EXT-X-I-FRAMES-ONLY" in lines
    assert '#EXT-X-MAP:URI="v.mp4",BYTERANGE="99@0"' in lines
    assert lines[-4:] == ["#EXTINF:2.000000,", "#EXT-X-BYTERANGE:5@99", "v.mp4", "#EXT-X-ENDLIST"]


def test_a_file_without_a_profile_is_no_result(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(b"nothing")
    with pytest.raises(Retryable):
        hls.video_codec(path)
