"""ffmpeg and ffprobe read a package, from the disk and over HTTP."""

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.playback.counted import Film
from tests.playback.reading import MANIFEST, MASTER, read
from tests.playback.serving import serve
from transcoders.tools import get_tools

PACKET: Final = 1024 / 48000


def reader(name: str, over: str) -> Path:
    """The ffmpeg to read with.

    9.0.2 joins the requests for neighbouring byte ranges of HLS over HTTP and stops after the
    first segment of any MP4, also of what it packages itself. The wheel of ffprobe has an 8.1.2.
    """
    tools = get_tools()
    if (name, over) != (MASTER, "http") or not tools.ffmpeg_version.startswith("9.0"):
        return tools.ffmpeg
    return tools.ffprobe.with_name(tools.ffprobe.name.replace("ffprobe", "ffmpeg"))


def decoded(program: Path, address: str) -> dict[int, tuple[str, int]]:
    """The kind of each stream and how many frames of it ffmpeg decodes without any complaint."""
    command = [
        str(program), "-nostdin", "-v", "warning", "-xerror", "-i", address,
        "-map", "0:v", "-map", "0:a", "-fps_mode", "passthrough", "-f", "framecrc", "-",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    kinds = {
        int(number): kind
        for line in lines
        if line.startswith("#media_type")
        for number, kind in [line.removeprefix("#media_type ").split(": ")]
    }
    frames = Counter(int(line.split(",")[0]) for line in lines if not line.startswith("#"))
    return {number: (kind, frames[number]) for number, kind in kinds.items()}


@pytest.mark.parametrize("name", [MASTER, MANIFEST])
@pytest.mark.parametrize("over", ["file", "http"])
def test_ffmpeg_decodes_every_frame_of_every_variant(
    name: str, over: str, package: Path, film: Film
) -> None:
    if over == "http":
        with serve({"package": package}) as served:
            streams = decoded(reader(name, over), f"{served.url}/package/{name}")
    else:
        streams = decoded(reader(name, over), str(package / name))
    pictures = [count for kind, count in streams.values() if kind == "video"]
    sounds = [count for kind, count in streams.values() if kind == "audio"]
    offered = [one for one in read(package).variants if not one.iframes]
    assert pictures == [film.frames] * len(offered)
    assert len(sounds) == len(film.tracks)
    for count in sounds:
        assert count * PACKET == pytest.approx(film.seconds, abs=2 * PACKET)


@pytest.mark.parametrize("over", ["file", "http"])
def test_ffprobe_finds_every_variant_and_track(over: str, package: Path, film: Film) -> None:
    with serve({"package": package}) as served:
        address = f"{served.url}/package/{MASTER}" if over == "http" else str(package / MASTER)
        done = subprocess.run(
            [
                str(get_tools().ffprobe), "-v", "warning", "-of", "json", "-show_streams",
                "-count_packets", "-show_format", address,
            ],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert float(found["format"]["duration"]) == pytest.approx(film.seconds, abs=0.05)
    pictures = {
        (one["width"], one["height"]): int(one["nb_read_packets"])
        for one in found["streams"]
        if one["codec_type"] == "video"
    }
    offered = {(one.width, one.height) for one in read(package).variants if not one.iframes}
    assert pictures == dict.fromkeys(offered, film.frames)
