"""The stage `captioned`: two texts in, the same two with captions out."""

import re
from pathlib import Path

from pipeline.plan import StageResult
from pipeline.plan.caption_types import (
    CaptionedOptions,
    CaptionedResult,
    CaptionRendition,
    CaptionsResult,
    TranslateResult,
)
from pipeline.stages import STAGE_FUNCTIONS, StageContext, StageInput
from tests.transcoders.test_caption_renditions import MANIFEST
from transcoders.tools import get_tools

MASTER = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="English",URI="a.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=2,CLOSED-CAPTIONS=NONE
v.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1,CLOSED-CAPTIONS=NONE
w.m3u8
"""


def offered(language: str, name: str, *, spoken: bool) -> CaptionRendition:
    return CaptionRendition(
        language=language, name=name, playlist=f"stream/captions-{language}.m3u8",
        file=f"captions/{language}.vtt", bandwidth=90, spoken=spoken,
    )  # fmt: skip


HEARD = CaptionsResult(renditions=(offered("en", "English", spoken=True),))
TRANSLATED = TranslateResult(
    renditions=(offered("de", "German", spoken=False), offered("en", "Other", spoken=False))
)


def run(folder: Path, *sources: str, translated: TranslateResult = TRANSLATED) -> StageResult:
    (folder / "master.m3u8").write_text(MASTER)
    (folder / "manifest.mpd").write_text(MANIFEST)
    scratch = folder / "scratch"
    scratch.mkdir()
    context = StageContext(
        source=folder,
        source_sha256="",
        scratch=scratch,
        tools=get_tools(),
        inputs={
            "package": StageInput(
                paths={f"stream/{one}": folder / one for one in ("master.m3u8", "manifest.mpd")}
            ),
            "captions": StageInput(HEARD),
            "translate": StageInput(translated),
        },
    )
    return STAGE_FUNCTIONS["captioned"](context, CaptionedOptions(sources=sources, seconds=9))


def test_what_is_heard_is_offered_first_and_each_language_once(tmp_path: Path) -> None:
    result = run(tmp_path, "captions", "translate")
    assert result.value == CaptionedResult(languages=("en", "de"))
    master, manifest = result.artifacts
    assert [(one.name, one.attributes.role) for one in result.artifacts] == [
        ("stream/master.m3u8", "master"), ("stream/manifest.mpd", "manifest"),
    ]  # fmt: skip
    text = master.path.read_text()
    lines = [line for line in text.splitlines() if "TYPE=SUBTITLES" in line]
    assert [re.findall(r'NAME="(\w+)"', line) for line in lines] == [["English"], ["German"]]
    assert all("DEFAULT=NO,AUTOSELECT=YES,FORCED=NO" in line for line in lines)
    assert ["transcribes-spoken-dialog" in line for line in lines] == [True, False]
    assert text.count('CLOSED-CAPTIONS=NONE,SUBTITLES="captions"') == 2
    dash = manifest.path.read_text()
    assert re.findall(r'value="(caption|subtitle)"', dash) == ["caption", "subtitle"]
    assert "../captions/de.vtt" in dash


def test_nothing_is_made_anew_where_nothing_is_added(tmp_path: Path) -> None:
    result = run(tmp_path, "captions", "translate", translated=TranslateResult(skipped="no key"))
    assert (result.skipped, result.artifacts) == (False, ())
