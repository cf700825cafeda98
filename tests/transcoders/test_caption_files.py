"""Captions as files: each format is read back by programs that had no part in writing it."""

import io
import re
import subprocess
from collections.abc import Callable
from fractions import Fraction
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import pysubs2
import pytest
import srt as srt_reader
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st
from ttconv.imsc import reader as imsc
from ttconv.model import Br, Text

from core.errors import Misconfigured, Rejected
from tests.transcoders.speech import TALK, spoken
from transcoders import fonts
from transcoders.captions import Cue, Word, ass, captioned, profile_for, srt, ttml, vtt
from transcoders.captions.burning import burn_in
from transcoders.captions.marks import RIGHT_TO_LEFT_MARK, WORD_JOINER
from transcoders.tools import get_tools

PROFILE = profile_for("en", Fraction(25))
HOSTILE = (
    "{\\an8} --> 00:00:01.000 <b>bold</b> <v Bob>me</v> &amp; &lt; 1\\N2 \\h {\\p1} </p> <![CDATA[ "
    "NOTE STYLE \u202eevil\u202c a\x00b\x1bc \u2028 \ud800 ]]> {\\k20} C:\\new 42 WEBVTT '\" %s "
)


def cues_of(text: str | list[Word]) -> tuple[Cue, ...]:
    return captioned(spoken(text) if isinstance(text, str) else text, "en", PROFILE)


def shown(cue: Cue) -> str:
    return "\n".join(line.written for line in cue.lines)


def bare(text: str) -> str:
    return text.replace(WORD_JOINER, "").replace(RIGHT_TO_LEFT_MARK, "")


def read_vtt(text: str) -> list[tuple[int, int, str]]:
    captions = webvtt.from_string(text).captions
    return [(_ms(one.start), _ms(one.end), unescape(one.text)) for one in captions]


def _ms(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)


def read_srt(text: str) -> list[tuple[int, int, str]]:
    return [
        (
            round(one.start.total_seconds() * 1000),
            round(one.end.total_seconds() * 1000),
            one.content,
        )
        for one in srt_reader.parse(text.replace("\r\n", "\n"))
    ]


def read_ass(text: str) -> list[tuple[int, int, str]]:
    return [(one.start, one.end, one.plaintext) for one in pysubs2.SSAFile.from_string(text)]


def read_ttml(text: str) -> list[tuple[int, int, str]]:
    """By ttconv, which holds the document to IMSC as it reads."""
    document = imsc.to_model(ET.ElementTree(ET.fromstring(text)))
    assert document is not None
    body = document.get_body()
    assert body is not None
    found = []
    for paragraph in (each for division in body for each in division):
        parts = [
            "\n" if isinstance(one, Br) else one.get_text()
            for one in paragraph.dfs_iterator()
            if isinstance(one, Br | Text)
        ]
        begin, end = paragraph.get_begin(), paragraph.get_end()
        found.append((round((begin or 0) * 1000), round((end or 0) * 1000), "".join(parts)))
    return found


FORMATS: dict[str, tuple[Callable[..., str], Callable[[str], list[tuple[int, int, str]]]]] = {
    "vtt": (vtt.written, read_vtt),
    "srt": (srt.written, read_srt),
    "ass": (ass.written, read_ass),
    "karaoke": (ass.karaoke, read_ass),
    "ttml": (lambda cues: ttml.written(cues, "en"), read_ttml),
}


def assert_read_back(name: str, cues: tuple[Cue, ...]) -> None:
    write, read = FORMATS[name]
    written = write(cues)
    written.encode()
    found = read(written)
    slack = 5 if name in ("ass", "karaoke") else 0
    assert len(found) == len(cues)
    for (begin, end, text), cue in zip(found, cues, strict=True):
        assert abs(begin - round(cue.begin * 1000)) <= slack
        assert abs(end - round(cue.end * 1000)) <= slack
        wanted = shown(cue)
        if name in ("ass", "karaoke"):
            wanted = wanted.replace("{", "(").replace("}", ")")
        assert bare(text) == wanted


@pytest.mark.parametrize("name", FORMATS)
def test_a_talk_is_read_back_as_it_was_written(name: str) -> None:
    assert_read_back(name, cues_of(TALK))


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_text_is_shown_and_not_obeyed(name: str) -> None:
    words = [*spoken(HOSTILE * 3, 1, speaker='<v "A">-->{}'), *spoken(HOSTILE, 40, speaker="B,\n&")]
    assert_read_back(name, cues_of(words))


WORDS = st.one_of(
    st.text(min_size=1, max_size=30),
    st.text("<>&{}\\-/\"'nNhk1 \u202e\u2028\x00", min_size=1, max_size=12),
    st.text("אבגדمرحبا123-", min_size=1, max_size=8),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(WORDS, st.sampled_from([None, "A", "<v>"])), min_size=1, max_size=25))
def test_whatever_is_said_every_format_is_read_back(said: list[tuple[str, str | None]]) -> None:
    words = [
        Word(text, number * 0.6, number * 0.6 + 0.5, speaker)
        for number, (text, speaker) in enumerate(said)
    ]
    cues = cues_of(words)
    for name in FORMATS:
        if cues:
            assert_read_back(name, cues)


@pytest.mark.parametrize("name", ["vtt", "srt", "ass"])
def test_ffmpeg_reads_the_same(name: str, tmp_path: Path) -> None:
    cues = cues_of([*spoken(TALK, 1), *spoken(HOSTILE, 60)])
    path = tmp_path / f"captions.{name}"
    path.write_text(FORMATS[name][0](cues), encoding="utf-8", newline="")
    done = subprocess.run(
        [get_tools().ffmpeg, "-nostdin", "-v", "error", "-i", path, "-f", "ass", "-"],
        capture_output=True, check=True,
    )  # fmt: skip
    found = read_ass(done.stdout.decode())
    assert done.stderr == b""
    assert len(found) == len(cues)
    for (_, _, text), cue in zip(found, cues, strict=True):
        # Its ASS writes a brace as \{, which is not what others read.
        plain = bare(text).replace("\\{", "{").replace("\\}", "}")
        wanted = shown(cue)
        if "{" not in wanted:
            assert plain == wanted


def test_voices_are_named_and_speakers_marked() -> None:
    words = [*spoken("Do you like it?", 1, speaker="Anna <3"), *spoken("I do.", 5, speaker="Bob")]
    text = vtt.written(cues_of(words))
    assert "<v Anna &lt;3>Do you like it?</v>" in text
    assert "<v Bob>- I do.</v>" in text
    assert [one.voice for one in webvtt.from_string(text).captions][1] == "Bob"
    root = ET.fromstring(ttml.written(cues_of(words), "en"))
    agents = root.findall(".//{http://www.w3.org/ns/ttml#metadata}name")
    assert [one.text for one in agents] == ["Anna <3", "Bob"]


def test_a_line_that_runs_to_the_left_is_told_so_where_a_format_needs_it() -> None:
    words = spoken("iPhone هو هاتف جيد جدا.", 1)
    cues = captioned(words, "ar", PROFILE)
    assert f"\n{RIGHT_TO_LEFT_MARK}iPhone" in vtt.written(cues)
    assert f"\n{RIGHT_TO_LEFT_MARK}iPhone" in srt.written(cues)
    assert 'tts:direction="rtl"' in ttml.written(cues, "ar")
    assert RIGHT_TO_LEFT_MARK not in ttml.written(cues, "ar")
    assert RIGHT_TO_LEFT_MARK not in vtt.written(cues_of(TALK))


def test_karaoke_lights_each_word_when_it_is_said() -> None:
    words = spoken("We roast coffee. It takes a while.", 2.0)
    cues = cues_of(words)
    lit = []
    for event in pysubs2.SSAFile.from_string(ass.karaoke(cues)):
        clock = event.start / 10
        for length, text in re.findall(r"\{\\k(\d+)\}([^{]*)", event.text.replace("\\N", " ")):
            if text.strip():
                lit.append((text.strip(), clock / 100))
            clock += int(length)
        assert clock * 10 <= event.end + 1
    assert [text for text, _ in lit] == [word.text for word in words]
    for (_, seconds), word in zip(lit, words, strict=True):
        assert seconds == pytest.approx(word.begin, abs=0.03)


@pytest.mark.parametrize(
    "wrong",
    [{"colour": "red"}, {"place": "left"}, {"font": "A,B"}, {"font": ""}, {"width": 0},
     {"said_colour": "&H00FF"}],
)  # fmt: skip
def test_a_look_that_cannot_be_drawn_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Rejected):
        ass.Look(**wrong)  # type: ignore[arg-type]


def test_without_its_font_the_product_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_PACKAGE", "no_such_font")
    fonts.folder.cache_clear()
    try:
        with pytest.raises(Misconfigured, match="no-such-font"):
            fonts.folder()
    finally:
        fonts.folder.cache_clear()


def drawn(script: str, folder: Path, at: float, size: tuple[int, int]) -> bytes:
    """The picture at a time, as RGB, drawn on grey."""
    folder.mkdir(exist_ok=True)
    path = folder / "it's, [a] 'script';.ass"
    path.write_text(script, encoding="utf-8")
    done = subprocess.run(
        [
            get_tools().ffmpeg, "-nostdin", "-v", "info", "-f", "lavfi",
            "-i", f"color=0x404040:size={size[0]}x{size[1]}:rate=25:duration=0.04",
            "-vf", f"setpts=PTS+{at}/TB,format=rgb24,{burn_in(path)}",
            "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-",
        ],
        capture_output=True, check=True,
    )  # fmt: skip
    assert b"Glyph 0x" not in done.stderr, done.stderr.decode()
    assert b"FiraSans" in done.stderr
    return done.stdout


def columns_of(picture: bytes, width: int, colour: tuple[int, int, int]) -> list[int]:
    """In which columns of the picture that colour is."""
    pixel = bytes(colour)
    return sorted(
        {at // 3 % width for at in range(0, len(picture), 3) if picture[at : at + 3] == pixel}
    )


def test_karaoke_is_burned_in_with_the_font_that_comes_along(tmp_path: Path) -> None:
    size = (640, 360)
    words = [Word("Coffee", 1.0, 2.0), Word("Καφές", 2.0, 3.0), Word("Кофе", 3.0, 4.0)]
    look = ass.Look(width=size[0], height=size[1], colour="ffffff", said_colour="#ff0000")
    script = ass.karaoke(captioned(words, "en", PROFILE), look)
    seen = {}
    for at in (1.5, 3.5):
        picture = drawn(script, tmp_path / "a: b", at, size)
        said = columns_of(picture, size[0], (255, 0, 0))
        unsaid = columns_of(picture, size[0], (255, 255, 255))
        seen[at] = (len(said), len(unsaid))
        assert said
        if unsaid:
            assert max(said) < min(unsaid) + 1
    assert seen[1.5][0] < seen[3.5][0]
    assert seen[1.5][1] > 0 == seen[3.5][1]


def test_a_line_fits_the_picture_that_it_is_for(tmp_path: Path) -> None:
    size = (270, 480)
    look = ass.look_for(*size)
    text = "mmm WWW mmm coffee roasting machinery"[: look.columns].strip()
    script = ass.written(captioned([Word(text.replace(" ", "_"), 1, 3)], "en", PROFILE), look)
    seen = columns_of(drawn(script, tmp_path / "x", 1.5, size), size[0], (255, 255, 255))
    assert min(seen) > 5
    assert max(seen) < size[0] - 5


def test_an_empty_film_has_empty_files() -> None:
    assert vtt.written(()) == "WEBVTT\n"
    assert srt.written(()) == ""
    assert read_ttml(ttml.written((), "en")) == []
    assert io.StringIO(ass.written(())).readline() == "[Script Info]\n"
