"""Playlists and manifests with other addresses in them. Pure."""

import posixpath
import re
from collections.abc import Callable
from html import escape, unescape
from typing import Final
from urllib.parse import unquote

HLS: Final = "application/vnd.apple.mpegurl"
DASH: Final = "application/dash+xml"

Replace = Callable[[str], str | None]
"""Another address for a URI reference; None leaves it as it is."""

_ATTRIBUTE: Final = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^",]*)')
_BASE_URL: Final = re.compile(r"(<BaseURL\b[^>]*>)([^<]*)(</BaseURL>)")
# Segments by number or time cannot be signed once for all: templates hold a `$`.
_REFERENCE: Final = re.compile(r'(\s(?:sourceURL|media|initialization|index)=")([^"$]+)(")')


def rewritten(mime: str, text: str, replace: Replace) -> str:
    """A playlist (HLS) or manifest (DASH) whose references are what `replace` makes of them."""
    return _dash(text, replace) if mime == DASH else _hls(text, replace)


def resolved(beside: str, reference: str) -> str:
    """The path that a reference names in a file at the path `beside`; it may lead nowhere."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(beside), unquote(reference)))


def _hls(text: str, replace: Replace) -> str:
    """RFC 8216: lines that are no comment are URIs, and so is the attribute URI of any tag."""

    def attribute(found: re.Match[str]) -> str:
        name, value = found[1], found[2]
        other = replace(value[1:-1]) if name == "URI" and value.startswith('"') else None
        return f'{name}="{other}"' if other is not None else found[0]

    lines = []
    for line in text.split("\n"):
        tag, colon, attributes = line.partition(":")
        if tag.startswith("#EXT") and colon:
            lines.append(f"{tag}:{_ATTRIBUTE.sub(attribute, attributes)}")
        elif line.strip() and not line.startswith("#"):
            lines.append(replace(line.strip()) or line)
        else:
            lines.append(line)
    return "\n".join(lines)


def _dash(text: str, replace: Replace) -> str:
    def reference(found: re.Match[str]) -> str:
        other = replace(unescape(found[2]).strip())
        return f"{found[1]}{escape(other)}{found[3]}" if other is not None else found[0]

    return _REFERENCE.sub(reference, _BASE_URL.sub(reference, text))
