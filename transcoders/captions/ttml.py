"""TTML in the text profile of IMSC 1.1 (W3C): a region at the bottom, a paragraph a cue."""

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from transcoders.captions.cues import Cue, Line
from transcoders.captions.marks import clock
from transcoders.captions.text import right_to_left

_PROFILE: Final = "http://www.w3.org/ns/ttml/profile/imsc1.1/text"
_HEAD: Final = """<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter"
    xmlns:tts="http://www.w3.org/ns/ttml#styling" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"
    ttp:contentProfiles={profile} ttp:timeBase="media" ttp:cellResolution="32 15"
    xml:lang={language}>
  <head>
    <metadata>
{agents}    </metadata>
    <styling>
      <style xml:id="line" tts:fontFamily="proportionalSansSerif" tts:fontSize="100%"
        tts:lineHeight="125%" tts:color="#ffffff" tts:backgroundColor="#000000cc"/>
    </styling>
    <layout>
      <region xml:id="bottom" tts:origin="10% 10%" tts:extent="80% 80%" tts:displayAlign="after"
        tts:textAlign="center" tts:overflow="visible"/>
    </layout>
  </head>
  <body region="bottom"><div>
"""
_TAIL: Final = "  </div></body>\n</tt>\n"


def written(cues: Sequence[Cue], language: str) -> str:
    """The cues as one document."""
    speakers = dict.fromkeys(line.speaker for cue in cues for line in cue.lines if line.speaker)
    names = {speaker: f"speaker-{number}" for number, speaker in enumerate(speakers, 1)}
    agents = "".join(
        f'      <ttm:agent xml:id="{name}" type="person">'
        f'<ttm:name type="alias">{escape(speaker)}</ttm:name></ttm:agent>\n'
        for speaker, name in names.items()
    )
    head = _HEAD.format(profile=quoteattr(_PROFILE), language=quoteattr(language), agents=agents)
    return head + "".join(_paragraph(cue, names) for cue in cues) + _TAIL


def _paragraph(cue: Cue, names: dict[str, str]) -> str:
    lines = "<br/>".join(_line(line, names) for line in cue.lines)
    rtl = sum(right_to_left(line.text) for line in cue.lines) * 2 > len(cue.lines)
    direction = ' tts:direction="rtl"' if rtl else ""
    return f'    <p begin="{clock(cue.begin)}" end="{clock(cue.end)}"{direction}>{lines}</p>\n'


def _line(line: Line, names: dict[str, str]) -> str:
    agent = f' ttm:agent="{names[line.speaker]}"' if line.speaker else ""
    return f'<span style="line"{agent}>{escape(line.written)}</span>'
