"""Encoders: equal bytes on every run, chunks that join, groups and peaks as asked for."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from core.errors import Misconfigured
from core.renditions import Codec, Grid, Rendition
from transcoders.encoders import (
    Encoder,
    global_options,
    hardware_encoders,
    last_filters,
    least_side,
    named,
    output_options,
    software,
)
from transcoders.hardware import CODECS, environment
from transcoders.tools import get_tools

GRID: Final = Grid(rate="25/1", frames=60, gop_frames=20)
HARDWARE: Final = [encoder for codec in CODECS for encoder in hardware_encoders(codec)]
# Noise takes more bits than any peak allows.
NOISE: Final = "testsrc2=size={0}x{1}:rate=25,noise=alls=40:allf=t:all_seed=7"
MARKED: Final = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"


def rendition(codec: Codec, peak: int = 400_000, size: tuple[int, int] = (320, 180)) -> Rendition:
    width, height = size
    crf = {"h264": 21.0, "hevc": 24.0, "av1": 32.0}[codec]
    return Rendition(
        name="r", rung=180, width=width, height=height, crf=crf, peak_bitrate=peak, codec=codec
    )


def encode(
    target: Path,
    wanted: Rendition,
    *,
    begin: int = 0,
    frames: int = 60,
    changed: Mapping[str, str] | None = None,
) -> bytes:
    """Frames of a noisy pattern, through the real ffmpeg."""
    encoder = software(wanted.codec)
    options = output_options(encoder, wanted, GRID) | dict(changed or {})
    picture = NOISE.format(wanted.width, wanted.height)
    end = begin + frames
    done = subprocess.run(
        [
            str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-y",
            "-f", "lavfi", "-i", f"{picture},trim=start_frame={begin}:end_frame={end}",
            "-vf", f"setpts=PTS-STARTPTS,{MARKED},{last_filters(encoder)}",
            *(word for name, value in options.items() for word in (f"-{name}", value)),
            "-fflags", "+bitexact", "-f", "mp4", str(target),
        ],
        capture_output=True,
        check=False,
        env=os.environ | environment([encoder]),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return target.read_bytes()


def look(path: Path) -> dict[str, Any]:
    """The stream, and its packets in the order of decoding."""
    done = subprocess.run(
        [
            str(get_tools().ffprobe), "-v", "error", "-show_data_hash", "md5",
            "-show_entries", "stream:packet=pts,flags,size", "-of", "json", str(path),
        ],
        capture_output=True,
        check=True,
    )  # fmt: skip
    seen = json.loads(done.stdout)
    return {**seen["streams"][0], "packets": seen["packets"]}


@contextmanager
def cores(wanted: set[int]) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, wanted)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize("codec", CODECS)
def test_bytes_are_equal_on_every_run_and_any_cores_even_at_the_peak(
    tmp_path: Path, codec: Codec
) -> None:
    wanted = rendition(codec)
    have = os.sched_getaffinity(0)
    found = set()
    for some in (have, {min(have)}, {max(have)}, have):
        with cores(some):
            found.add(encode(tmp_path / "clip.mp4", wanted))
    assert len(found) == 1
    roomy = encode(tmp_path / "roomy.mp4", rendition(codec, peak=20_000_000))
    assert len(roomy) > 1.5 * len(found.pop()), "the peak did not bind"


@pytest.mark.parametrize("codec", CODECS)
def test_chunks_have_one_header_closed_groups_and_join_into_the_whole(
    tmp_path: Path, codec: Codec
) -> None:
    wanted = rendition(codec)
    parts = [(0, 40), (40, 19), (59, 1)]
    headers, listed = set(), tmp_path / "parts.txt"
    for number, (begin, frames) in enumerate(parts):
        path = tmp_path / f"{number}.mp4"
        encode(path, wanted, begin=begin, frames=frames)
        seen = look(path)
        headers.add(seen["extradata_hash"])
        packets = [(int(one["pts"]), "K" in one["flags"]) for one in seen["packets"]]
        keys = [number for number, (_, key) in enumerate(packets) if key]
        assert keys == list(range(0, frames, GRID.gop_frames))
        assert len(packets) == frames
        for key in keys:
            assert min(packets[key:])[0] == packets[key][0], "pictures lead a keyframe"
    assert len(headers) == 1
    listed.write_text("".join(f"file {number}.mp4\n" for number in range(len(parts))))
    counted = subprocess.run(
        [
            str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-xerror",
            "-f", "concat", "-i", str(listed), "-f", "framecrc", "-",
        ],
        capture_output=True,
        check=True,
        text=True,
    )  # fmt: skip
    assert counted.stderr == ""
    assert sum(not line.startswith("#") for line in counted.stdout.splitlines()) == 60


@pytest.mark.parametrize("codec", CODECS)
def test_a_stream_says_what_players_ask_and_keeps_to_its_peak(tmp_path: Path, codec: Codec) -> None:
    peak = 400_000
    encode(tmp_path / "clip.mp4", rendition(codec, peak))
    seen = look(tmp_path / "clip.mp4")
    assert seen["codec_tag_string"] == {"h264": "avc1", "hevc": "hvc1", "av1": "av01"}[codec]
    assert seen["profile"] == {"h264": "High", "hevc": "Main", "av1": "Main"}[codec]
    colours = ("color_range", "color_space", "color_transfer", "color_primaries")
    assert [seen[name] for name in colours] == ["tv", "bt709", "bt709", "bt709"]
    seconds = GRID.seconds
    bits = 8 * sum(int(one["size"]) for one in seen["packets"])
    # What the buffer holds at the beginning comes on top of the peak.
    assert bits <= 1.1 * peak * (seconds + 2)


@pytest.mark.parametrize("codec", CODECS)
def test_the_least_picture_that_is_claimed_can_be_encoded(tmp_path: Path, codec: Codec) -> None:
    side = least_side(software(codec))
    encode(tmp_path / "small.mp4", rendition(codec, size=(side, side)), frames=3)
    assert len(look(tmp_path / "small.mp4")["packets"]) == 3


def test_a_cut_begins_no_group() -> None:
    options = {codec: output_options(software(codec), rendition(codec), GRID) for codec in CODECS}
    assert options["h264"]["sc_threshold"] == "0"
    assert "scenecut=0" in options["hevc"]["x265-params"]
    assert "scd=0" in options["av1"]["svtav1-params"]


@pytest.mark.parametrize("encoder", HARDWARE, ids=lambda encoder: encoder.name)
def test_hardware_is_told_the_same_in_its_own_words(encoder: Encoder) -> None:
    options = output_options(encoder, rendition(encoder.codec), GRID)
    assert options["c:v"] == encoder.name
    assert (options["maxrate"], options["bufsize"]) == ("400000", "800000")
    assert options["g"] == "20"
    assert options["force_key_frames"] == "expr:not(mod(n,20))"
    assert "+cgop" in options["flags:v"]


@pytest.mark.parametrize(
    "encoder",
    [encoder for encoder in HARDWARE if encoder.hardware != "vaapi"],
    ids=lambda encoder: encoder.name,
)
def test_ffmpeg_takes_every_option_and_only_the_device_is_missing(encoder: Encoder) -> None:
    """Options are read before a device is opened; a wrong one would be what ffmpeg complains of."""

    def said(options: Mapping[str, str]) -> str:
        command = [
            str(get_tools().ffmpeg), "-nostdin", "-v", "warning",
            "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25",
            "-frames:v", "2", "-vf", last_filters(encoder),
            *(word for name, value in options.items() for word in (f"-{name}", value)),
            "-f", "mp4", "-y", os.devnull,
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, check=False).stderr

    options = output_options(encoder, rendition(encoder.codec), GRID)
    assert (
        "Cannot load libcuda" in said(options)
        or "MFX session" in said(options)
        or not said(options)
    )
    wrong = said({**options, "preset": "p99"})
    assert "p99" in wrong
    assert "Cannot load" not in wrong


@pytest.mark.parametrize("codec", CODECS)
def test_vaapi_is_told_only_what_ffmpeg_lists(codec: Codec) -> None:
    name = f"{codec}_vaapi"
    listed = subprocess.run(
        [str(get_tools().ffmpeg), "-hide_banner", "-h", f"encoder={name}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    options = output_options(named(name), rendition(codec), GRID)
    for option in {"rc_mode", "profile:v", "sei"} & options.keys():
        assert f"  -{option.partition(':')[0]} " in listed
        assert f" {options[option].lstrip('-')} " in listed


def test_a_device_that_was_found_is_the_one_that_is_used() -> None:
    vaapi = Encoder("h264_vaapi", "h264", "vaapi", "/dev/dri/renderD129")
    assert "vaapi=gpu:/dev/dri/renderD129" in global_options(vaapi)
    assert last_filters(vaapi) == "format=nv12,hwupload"
    qsv = Encoder("h264_qsv", "h264", "qsv", "/dev/dri/renderD129")
    assert "qsv=gpu:hw_any,child_device=/dev/dri/renderD129" in global_options(qsv)
    assert global_options(software("h264")) == ()


def test_an_encoder_that_is_not_ours_is_refused() -> None:
    with pytest.raises(Misconfigured, match="libaom-av1"):
        named("libaom-av1")
