"""Captions as renditions of an adaptive stream: HLS in segments, DASH as a file."""

import re
from fractions import Fraction
from xml.etree import ElementTree as ET

import pytest
import webvtt

from tests.transcoders.speech import TALK, spoken
from transcoders import dash, hls
from transcoders.captions import captioned, profile_for
from transcoders.captions.streaming import segmented

CUES = captioned(spoken(TALK), "en", profile_for("en", Fraction(25)))
SECONDS = 40.0

MANIFEST = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period id="0">
<AdaptationSet id="0" contentType="video"><Representation id="0" bandwidth="1">
<BaseURL>v.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>"""


def times(text: str) -> list[tuple[str, str, str]]:
    assert text.startswith("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n")
    found = webvtt.from_string(text).captions
    return [(one.identifier or "", one.start, one.end) for one in found]


@pytest.mark.parametrize("length", [3.0, 6.0, 60.0])
def test_every_cue_is_in_every_segment_that_it_stands_in(length: float) -> None:
    made = segmented(CUES, SECONDS, segment_seconds=length)
    for number, text in enumerate(made.segments.values()):
        begin, end = number * length, min((number + 1) * length, SECONDS)
        wanted = [str(at) for at, cue in enumerate(CUES, 1) if cue.begin < end and cue.end > begin]
        assert [name for name, _, _ in times(text)] == wanted


def test_the_playlist_lasts_as_long_as_the_film() -> None:
    made = segmented(CUES, SECONDS, prefix="en-", segment_seconds=6.0)
    lengths = [float(one) for one in re.findall(r"#EXTINF:([\d.]+),", made.playlist)]
    assert sum(lengths) == pytest.approx(SECONDS)
    assert "#EXT-X-TARGETDURATION:6\n" in made.playlist
    assert re.findall(r"^[^#\n]+$", made.playlist, re.MULTILINE) == list(made.segments)
    assert list(made.segments)[:2] == ["en-0.vtt", "en-1.vtt"]
    assert made.playlist.endswith("#EXT-X-ENDLIST\n")


def test_the_last_segment_holds_what_outlasts_the_film() -> None:
    made = segmented(CUES, CUES[-1].begin - 1, segment_seconds=6.0)
    assert times(list(made.segments.values())[-1])[-1][0] == str(len(CUES))


def test_media_that_do_not_begin_at_zero_are_told_of() -> None:
    text = next(iter(segmented(CUES, SECONDS, start_seconds=10.0).segments.values()))
    assert "MPEGTS:900000\n" in text


def test_a_silent_film_has_a_playlist_of_empty_segments() -> None:
    made = segmented((), 61.0)
    assert [times(text) for text in made.segments.values()] == [[], []]


def test_the_master_playlist_offers_captions_to_every_variant() -> None:
    variant = hls.Variant("v.m3u8", "avc1.64001f", 640, 360, Fraction(25), 1000, 900)
    captions = hls.Captions("en.m3u8", 'The "English"', "en", default=True)
    lines = hls.with_captions(hls.master([variant]), [captions]).splitlines()
    assert (
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="The \'English\'",LANGUAGE="en",'
        "DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,"
        'CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog",URI="en.m3u8"'
    ) in lines
    assert 'SUBTITLES="captions"' in next(one for one in lines if "STREAM-INF" in one)
    assert hls.with_captions(hls.master([variant]), []) == hls.master([variant])


def test_the_manifest_offers_each_file_as_a_set_of_its_own() -> None:
    files = [
        dash.Captions("../captions/en.vtt", "English", "en", 200, default=True),
        dash.Captions("../captions/de.vtt", "German", "de", 200, spoken=False),
    ]
    root = ET.fromstring(dash.with_captions(MANIFEST, files))
    space = {"": "urn:mpeg:dash:schema:mpd:2011"}
    first, second = root.findall(".//AdaptationSet[@contentType='text']", space)
    assert (first.get("lang"), first.get("mimeType")) == ("en", "text/vtt")
    assert [one.get("value") for one in first.findall("Role", space)] == ["caption", "main"]
    assert [one.get("value") for one in second.findall("Role", space)] == ["subtitle"]
    assert second.findtext(".//BaseURL", namespaces=space) == "../captions/de.vtt"
    ids = [one.get("id") for one in root.iter("{urn:mpeg:dash:schema:mpd:2011}AdaptationSet")]
    assert len(set(ids)) == 3
