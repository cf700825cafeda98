"""SVG: reduced to shapes, and drawn. Runs in the child.

What is left are elements and attributes that draw and refer to nothing outside of the file. Words
need fonts: those of this machine would make another picture on each, so words are not drawn.
"""

import io
import re
import xml.parsers.expat
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from PIL import Image

from transcoders.images.limits import LIMITS
from transcoders.images.refusal import Refused

_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_ELEMENTS: Final = frozenset(
    (
        "svg", "g", "defs", "symbol", "use", "path", "rect", "circle", "ellipse", "line",
        "polyline", "polygon", "clipPath", "mask", "linearGradient", "radialGradient", "stop",
        "pattern", "marker", "style",
    )
)  # fmt: skip
# What has no picture of its own goes without a word; everything else that goes is told.
_SILENT: Final = frozenset({"title", "desc", "metadata"})
# A style sheet may name fonts and other files, and is parsed by itself.
_DANGEROUS_STYLE: Final = re.compile(
    r"url\s*\(\s*['\"]?\s*(?!['\"]?\s*#)|@|expression|\\", re.IGNORECASE
)
_INSIDE: Final = re.compile(r"#[\w.:-]+")
_LONG_SIDE: Final = 2560
_DEPTH: Final = 64
_MOST_NAMED: Final = 8


def rasterised(path: Path) -> Image.Image:
    """The drawing with its long side at 2560 pixels, transparent where nothing is drawn."""
    import resvg_py

    if path.stat().st_size > LIMITS.vector_bytes:
        raise Refused(f"a drawing may have {LIMITS.vector_bytes >> 20} MiB")
    clean, size, removed = sanitised(path.read_bytes())
    wide = size[0] >= size[1]
    try:
        drawn = resvg_py.svg_to_bytes(
            svg_string=clean,
            skip_system_fonts=True,
            width=_LONG_SIDE if wide else None,
            height=None if wide else _LONG_SIDE,
        )
    except ValueError as error:
        raise Refused(f"the drawing cannot be drawn: {error}") from error
    image: Image.Image = Image.open(io.BytesIO(bytes(drawn)), formats=("PNG",))
    image.load()
    image.format = "SVG"
    if removed:
        image.info["notes"] = (f"not drawn: {', '.join(sorted(removed)[:_MOST_NAMED])}",)
    return image


def sanitised(data: bytes) -> tuple[str, tuple[float, float], frozenset[str]]:
    """The drawing without all that could reach out or run, its width and height, and what went.

    Raises Refused for what is no drawing, is too large, or would be drawn too often.
    """
    reader = _Reader()
    parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.words
    parser.EntityDeclHandler = reader.entity
    try:
        parser.Parse(data, True)
    except xml.parsers.expat.ExpatError as error:
        raise Refused("the drawing is no well-formed XML") from error
    if reader.size is None:
        raise Refused("the file is no SVG drawing")
    reader.check_drawn()
    return "".join(reader.out), reader.size, frozenset(reader.removed)


class _Reader:
    """Takes an XML document in and keeps what is harmless; state: where it is."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.size: tuple[float, float] | None = None
        self.removed: set[str] = set()
        self._skipping = 0
        self._depth = 0
        self._elements = 0
        self._style: list[str] | None = None
        # What each element with an id draws: its own elements, and references by id.
        self._open: list[str] = []
        self._weights: dict[str, int] = {}
        self._uses: dict[str, list[str]] = {}
        self._top_uses: list[str] = []

    def entity(self, *_: object) -> None:
        raise Refused("a drawing that declares entities is not taken")

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        self._depth += 1
        if self._elements > LIMITS.vector_elements or self._depth > _DEPTH:
            raise Refused(
                f"a drawing may have {LIMITS.vector_elements} elements, nested {_DEPTH} deep"
            )
        space, _, local = name.rpartition(" ")
        if self.size is None:
            if (space, local) != (_SVG, "svg"):
                raise Refused("the file is no SVG drawing")
            self.size = _size(attributes)
        if self._skipping or space != _SVG or local not in _ELEMENTS:
            if not self._skipping and local not in _SILENT:
                self.removed.add(local)
            self._skipping += 1
            return
        if local == "style":
            self._style = []
            return
        kept = {key: value for key, value in map(_kept, attributes.items()) if key}
        self._count(local, kept)
        if self._depth == 1:
            kept |= {"xmlns": _SVG, "xmlns:xlink": _XLINK}
        self.out.append(f"<{local}{''.join(f' {k}={quoteattr(v)}' for k, v in kept.items())}>")

    def end(self, name: str) -> None:
        self._depth -= 1
        if self._skipping:
            self._skipping -= 1
            return
        local = name.rpartition(" ")[2]
        if local == "style":
            sheet = "".join(self._style or ())
            self._style = None
            if not _DANGEROUS_STYLE.search(sheet):
                self.out.append(f"<style>{escape(sheet)}</style>")
            return
        self._open.pop()
        self.out.append(f"</{local}>")

    def words(self, text: str) -> None:
        if self._style is not None and not self._skipping:
            self._style.append(text)

    def check_drawn(self) -> None:
        """Refuse references that multiply what is drawn."""
        known: dict[str, int] = {}
        total = sum(self._weight(one, known, ()) for one in self._top_uses)
        if total > LIMITS.vector_drawn:
            raise Refused("the drawing refers to its own parts too often")

    def _weight(self, name: str, known: dict[str, int], path: tuple[str, ...]) -> int:
        if name in path or len(path) > _DEPTH:
            raise Refused("the drawing refers to itself in a circle")
        if name not in known:
            deeper = (*path, name)
            known[name] = self._weights.get(name, 0) + sum(
                self._weight(one, known, deeper) for one in self._uses.get(name, ())
            )
        return known[name]

    def _count(self, local: str, kept: Mapping[str, str]) -> None:
        owner = kept.get("id", "")
        self._open.append(owner)
        for name in self._open:
            if name:
                self._weights[name] = self._weights.get(name, 0) + 1
        for value in kept.values():
            for mark in _INSIDE.findall(value) if "#" in value else ():
                target = mark[1:]
                # Colours look the same and are no element's name: they weigh nothing.
                self._top_uses.append(target)
                for name in filter(None, self._open):
                    self._uses.setdefault(name, []).append(target)


def _kept(attribute: tuple[str, str]) -> tuple[str, str]:
    """An attribute under the name that it keeps; an empty name where it goes."""
    name, value = attribute
    space, _, local = name.rpartition(" ")
    # What names a filter that has gone would not be drawn at all.
    if local.lower().startswith("on") or local == "filter" or space not in ("", _XLINK):
        return "", ""
    if local == "href":
        return ("xlink:href", value) if _INSIDE.fullmatch(value.strip()) else ("", "")
    if space or _DANGEROUS_STYLE.search(value):
        return "", ""
    return local, value


_NUMBER: Final = re.compile(r"\s*([0-9.]{1,12})\s*(px|pt|mm|cm|in)?\s*")


def _size(attributes: Mapping[str, str]) -> tuple[float, float]:
    sides = [_NUMBER.fullmatch(attributes.get(side, "")) for side in ("width", "height")]
    box = [float(part) for part in re.findall(r"-?[0-9.]+", attributes.get("viewBox", ""))[:4]
           if part.count(".") < 2 and part.strip("-.")]  # fmt: skip
    if len(box) == 4:
        width, height = box[2], box[3]
    elif all(sides):
        width, height = (float(one[1]) for one in sides if one)
    else:
        raise Refused("the drawing does not say how large it is")
    if not 0.01 < width < 1e6 or not 0.01 < height < 1e6 or not 1 / 20 <= width / height <= 20:
        raise Refused(f"a drawing of {width:g} × {height:g} is not taken")
    return width, height
