"""Where media lies in a file, and that a part in time can be played from its part of the bytes."""

import struct
import subprocess
from pathlib import Path

import pytest

from core.media import Probe, SeekIndex
from tests.media_samples import Sample
from transcoders import packets
from transcoders.containers import recognised
from transcoders.ffmpeg import input_arguments
from transcoders.layout import layout_of
from transcoders.probe import probe
from transcoders.tools import get_tools

_LONG = ("long.mp4", "long-early-index.mp4", "long.mkv")


def frames(path: Path, found: Probe, seek: float, begin: float, seconds: float) -> list[str]:
    """Hashes of frames that begin in a part in time, decoded from a keyframe before it."""
    argv = (
        str(get_tools().ffmpeg), "-v", "error", "-ss", f"{seek:.6f}", "-copyts", "-start_at_zero",
        *input_arguments(path, recognised(path), probe=found), "-map", "0:v:0",
        "-vf", f"trim=start={begin}:end={begin + seconds}", "-f", "framemd5", "-",
    )  # fmt: skip
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return [line for line in said.splitlines() if not line.startswith("#")]


def sparse(path: Path, index: SeekIndex, begin: int, end: int, target: Path) -> Path:
    """The file with holes where neither its index nor that part of its media is."""
    data = path.read_bytes()
    made = bytearray(len(data))
    for first, last in ((0, index.begin), (begin, end), (index.end, len(data))):
        made[first:last] = data[first:last]
    target.write_bytes(made)
    return target


@pytest.mark.parametrize("whole", [True, False], ids=["read whole", "looked at"])
@pytest.mark.parametrize("name", _LONG)
def test_a_part_in_time_is_decoded_from_its_part_of_the_bytes_alone(
    name: str, whole: bool, sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not whole:
        monkeypatch.setattr(packets, "WHOLE_BYTES", 0)
    path = sample(name)
    found = probe(path, get_tools())
    index = found.index
    assert index is not None
    assert index.ordered
    begin, seconds = 60.0, 3.0
    seek = [point for point in index.points if point.seconds <= begin - 1][-1]
    after = next(point for point in index.points if point.seconds >= begin + seconds + 2)
    part = sparse(path, index, seek.offset, after.offset, tmp_path / path.name)
    expected = frames(path, found, seek.seconds, begin, seconds)
    assert len(expected) == 30
    assert frames(part, found, seek.seconds, begin, seconds) == expected
    assert after.offset - seek.offset < path.stat().st_size / 4


@pytest.mark.parametrize("name", ["plain.mp4", "four-seconds.mkv"])
def test_a_short_file_has_a_layout_but_no_index(name: str, sample: Sample) -> None:
    path = sample(name)
    found = layout_of(path, recognised(path).demuxer)
    assert found is not None
    assert 0 < found.begin < found.end <= path.stat().st_size
    assert probe(path, get_tools()).index is None


@pytest.mark.parametrize("name", ["fragments.mp4", "recording.webm", "tiny.ts", "old.avi"])
def test_what_has_no_index_of_its_own_has_no_layout(name: str, sample: Sample) -> None:
    path = sample(name)
    assert layout_of(path, recognised(path).demuxer) is None


def box(kind: bytes, size: int, stated: int | None = None) -> bytes:
    return struct.pack(">I4s", size if stated is None else stated, kind) + bytes(size - 8)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (box(b"ftyp", 16) + box(b"mdat", 100) + box(b"moov", 50), (24, 116, False)),
        (box(b"moov", 50) + box(b"mdat", 100, stated=0), (58, 150, False)),
        (box(b"moov", 50) + box(b"mdat", 100) + box(b"mdat", 100), (58, 250, True)),
        # The index would lie in what is left out.
        (box(b"mdat", 100) + box(b"moov", 50) + box(b"mdat", 100), None),
        (box(b"moov", 50) + box(b"moof", 50) + box(b"mdat", 100), None),
        (box(b"moov", 50) + box(b"mdat", 100, stated=3), None),
        (box(b"mdat", 100), None),
        (b"", None),
    ],
)
def test_the_outermost_boxes_tell_where_media_lies(
    data: bytes, expected: tuple[int, int, bool] | None, tmp_path: Path
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(data)
    found = layout_of(path, "mov")
    assert (found and (found.begin, found.end, found.separate)) == expected
