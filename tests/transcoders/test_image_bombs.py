"""Pictures that ask for far more than they are: refused within two seconds and 256 MB."""

import json
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Rejected
from tests import image_samples as samples
from transcoders.images import asking
from transcoders.images.refusal import Refused
from transcoders.images.vectors import sanitised

ZEROS = zlib.compress(bytes(200 << 20), 9)
ICC = b"\xe2ICC_PROFILE\0\x01\x50" + bytes(65_500)
EXIF = b"\xe1Exif\0\0" + bytes(65_500)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'

BOMBS = {
    "pixels in a PNG": (samples.png(60_000, 60_000), "pixels are too many"),
    "pixels in a JPEG": (samples.jpeg_of_size(65_000, 65_000), "pixels are too many"),
    "one long side": (samples.png(1_000_000, 1), "pixels are too many"),
    "a large progressive JPEG": (
        samples.jpeg_of_size(9_000, 9_000, progressive=True), "a progressive JPEG may have 40"),
    "scans": (samples.many_scans(2_000), "more than 64 scans"),
    "scans of many pixels": (
        (samples.jpeg_of_size(7_000, 5_000, progressive=True).replace(b"\xff\xd9", b"")
         + samples.many_scans(40)[2:]), "too many"),
    "frames in a GIF": (samples.gif(1, 1, 50_000), "more than 1000 frames"),
    "frames of a large canvas": (samples.gif(6_000, 6_000, 50), "frames of 6000 × 6000"),
    "frames in a WebP": (samples.webp(50_000), "more than 1000 frames"),
    "frames in a PNG": (
        samples.png(4, 4, samples.chunk(b"acTL", struct.pack(">II", 50_000, 0)),
                    *([samples.chunk(b"fcTL", bytes(26))] * 50_000)), "more than 1000 frames"),
    "pages": (samples.tiff_pages(5_000), "more than 64 pages"),
    "a compressed text": (
        samples.png(4, 4, samples.chunk(b"iTXt", b"a\0\1\0\0\0" + ZEROS)), "16 MiB of metadata"),
    "another compressed text": (
        samples.png(4, 4, samples.chunk(b"zTXt", b"a\0\0" + ZEROS)), "16 MiB of metadata"),
    "a compressed profile": (
        samples.png(4, 4, samples.chunk(b"iCCP", b"a\0\0" + ZEROS)), "the colour profile has more"),
    "a long profile": (
        samples.with_segments(samples.jpeg_of_size(4, 4), [ICC] * 80),
        "the colour profile has more"),
    "long EXIF": (
        samples.with_segments(samples.jpeg_of_size(4, 4), [EXIF] * 20), "the EXIF data has more"),
    "parts": (samples.png(4, 4, *([samples.chunk(b"tESt")] * 300_000)), "200000 parts"),
    "parts that are drawn by parts": (samples.nested_uses(8), "refers to its own parts too often"),
    "a part that draws itself": (
        SVG + b'<g id="a"><use href="#a"/></g></svg>', "in a circle"),
    "entities": (
        b"<!DOCTYPE svg>\n" + SVG + b"&lol;</svg>", "no well-formed XML"),
    "elements": (
        SVG + b"<g/>" * 100_000 + b"</svg>", "20000 elements"),
}  # fmt: skip


Cost = tuple[str | None, float, int]


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Cost]:
    """Of every bomb: why it was refused, processor seconds, bytes of memory."""
    folder = tmp_path_factory.mktemp("bombs") / "files"
    folder.mkdir()
    for name, (data, _) in BOMBS.items():
        (folder / name).write_bytes(data)
    asked = [sys.executable, "-m", "tests.transcoders.asking_alone", str(folder)]
    done = subprocess.run(
        asked, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = (json.loads(line) for line in done.stdout.splitlines())
    return {name: (reason, seconds, size) for name, reason, seconds, size in lines}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_before_it_costs_anything(bomb: str, costs: dict[str, Cost]) -> None:
    reason, seconds, size = costs[bomb]
    assert reason is not None
    assert BOMBS[bomb][1] in reason
    assert seconds < 2
    assert size < 256 << 20


def test_an_entity_is_never_declared(tmp_path: Path) -> None:
    declared = (
        b'<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">]>\n'
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">&a;</svg>'
    )
    source = tmp_path / "drawing.svg"
    source.write_bytes(declared)
    # What begins so is no picture for anybody.
    with pytest.raises(Rejected, match="no picture in any known format"):
        asking.probe(source, tmp_path)
    with pytest.raises(Refused, match="declares entities"):
        sanitised(declared)


def test_what_takes_too_long_to_decode_is_refused_and_never_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "drawing.svg"
    # Each element is cheap, and covers everything with a gradient.
    body = b'<circle cx="5" cy="5" r="99" fill="url(#g)" opacity=".5"/>' * 5_000
    source.write_bytes(
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><radialGradient id="g">'
        b'<stop offset="0"/><stop offset="1" stop-color="red"/></radialGradient>' + body + b"</svg>"
    )
    monkeypatch.setattr(asking, "_PROBE", replace(asking._PROBE, cpu_seconds=1))
    with pytest.raises(Rejected, match="too much time or memory"):
        asking.probe(source, tmp_path)
