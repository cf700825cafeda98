"""Small real files for tests, made on demand by the product's own ffmpeg, once a session."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from transcoders.tools import get_tools

CLIP: Final = Path(__file__).parents[1] / "docs/demo/clip.mp4"

_PICTURE: Final = "-f lavfi -i testsrc2=size=640x360:rate=30:duration=4"
_SOUND: Final = "-f lavfi -i sine=frequency=440:duration=4"
_BOTH: Final = f"{_PICTURE} {_SOUND}"
_H264: Final = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p"

# A grey of SDR at HDR's reference white.
_HDR: Final = (
    "-f lavfi -i color=0xAA9696:size=640x360:rate=25:duration=2 -vf "
    "scale=out_color_matrix=bt709,setparams=range=tv:color_primaries=bt709:color_trc=bt709:"
    "colorspace=bt709,zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=2020,"
    "zscale=t={0}:m=2020_ncl:r=limited:npl=203,format=yuv420p10le -c:v libx265 -preset ultrafast "
    "-x265-params log-level=error:colorprim=bt2020:transfer={0}:colormatrix=bt2020nc"
)

# The name of a file → the arguments that make it; {other.name} is another one of these.
RECIPES: Final = {
    "plain.mp4": f"{_BOTH} {_H264} -g 30 -c:a aac",
    "rotated.mov": "-display_rotation:v 90 -i {plain.mp4} -c copy",
    "wide-pixels.mp4": f"{_BOTH} -vf setsar=4/3 {_H264} -c:a aac",
    "ten-bit.mkv": f"{_BOTH} -c:v libx265 -preset ultrafast -x265-params log-level=error "
    "-pix_fmt yuv420p10le -c:a libopus",
    "recording.webm": f"{_BOTH} -c:v libvpx -deadline realtime -cpu-used 8 -c:a libvorbis -live 1",
    "interlaced.ts": f"{_PICTURE} -vf tinterlace=interleave_top -c:v mpeg2video -flags +ildct+ilme",
    "silent.mp4": f"{_PICTURE} {_H264} -g 30",
    "uneven.mp4": f"{_BOTH} -vf select='not(eq(mod(n\\,7)\\,3))' -fps_mode vfr {_H264} "
    "-c:a aac -ac 6",
    "old.avi": f"{_BOTH} -c:v mpeg4 -c:a libmp3lame",
    "mp3-sound.mp4": f"{_BOTH} {_H264} -g 30 -c:a libmp3lame",
    "odd.mp4": f"{_BOTH} -vf format=yuv444p,crop=639:359:0:0 -c:v libx264 -preset ultrafast "
    "-c:a aac",
    "black.mp4": f"-f lavfi -i color=black:size=320x240:rate=25:duration=3 {_H264}",
    "one-frame.mp4": f"-f lavfi -i testsrc2=size=64x64:rate=25:duration=0.04 {_H264}",
    "long-sound.mp4": f"-f lavfi -i testsrc2=size=64x64:duration=2 {_SOUND} {_H264} -c:a aac",
    "sound-only.mp4": f"{_SOUND} -c:a aac",
    "many-streams.mkv": f"{_SOUND} {'-map 0:a ' * 100} -c:a aac -t 0.2",
    "vp8.webm": "-f lavfi -i testsrc2=size=640x360:rate=30:duration=1 -c:v libvpx "
    "-deadline realtime -cpu-used 8",
    "far-keys.mp4": "-f lavfi -i testsrc2=size=64x64:rate=10:duration=20 "
    f"{_H264} -g 1000 -sc_threshold 0",
    "two-languages.mkv": "-f lavfi -i testsrc2=size=320x180:rate=25:duration=3 "
    "-f lavfi -i sine=frequency=440:duration=3 -f lavfi -i sine=frequency=660:duration=3 "
    f"-map 0 -map 1 -map 2 -metadata:s:a:0 language=eng -metadata:s:a:1 language=ger {_H264} "
    "-g 50 -c:a aac",
    "late-sound.mkv": "-f lavfi -i testsrc2=size=320x180:rate=25:duration=4 -itsoffset 1.5 "
    f"-f lavfi -i sine=frequency=440:duration=2.5 {_H264} -g 50 -c:a libopus",
    "surround.mp4": "-f lavfi -i testsrc2=size=320x180:rate=25:duration=3 "
    "-f lavfi -i aevalsrc=.1*sin(2764*t)|.1*sin(1382*t)|.2*sin(691*t)|0|.05*sin(3000*t)|0:"
    f"c=5.1:d=3 {_H264} -g 50 -c:a aac -b:a 256k",
    "portrait.mp4": "-f lavfi -i testsrc2=size=360x640:rate=60000/1001:duration=2 "
    f"-f lavfi -i sine=frequency=440:duration=2 {_H264} -g 60 -c:a aac",
    "pq.mp4": _HDR.format("smpte2084"),
    "hlg.mp4": _HDR.format("arib-std-b67"),
    "tiny.mov": "-f lavfi -i testsrc2=size=64x64:rate=25:duration=1 -f lavfi -i sine=duration=1 "
    f"{_H264} -g 10 -c:a aac",
    "tiny.mkv": "-i {tiny.mov} -c copy",
    "tiny.ts": "-i {tiny.mov} -c copy",
    "early-index.mp4": "-f lavfi -i testsrc2=size=320x180:rate=25:duration=8 -f lavfi -i "
    f"sine=duration=8 {_H264} -g 25 -c:a aac -movflags +faststart",
    "four-seconds.mkv": "-i {plain.mp4} -c copy",
    "fragments.mp4": "-i {tiny.mov} -c copy -movflags +frag_keyframe+empty_moov+default_base_moof",
    "cover.m4a": "-f lavfi -i sine=duration=1 -i {tiny.jpg} -map 0 -map 1 -c:a aac -c:v copy "
    "-disposition:v attached_pic -f mp4",
    "tiny.jpg": "-f lavfi -i testsrc2=size=16x16 -frames:v 1 -update 1 -pix_fmt yuvj420p",
}

Sample = Callable[[str], Path]


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Makes a file of `RECIPES` and says where it is."""
    folder = tmp_path_factory.mktemp("samples")

    def make(name: str) -> Path:
        path = folder / name
        if not path.exists():
            arguments = [
                str(make(word[1:-1])) if word.startswith("{") else word
                for word in RECIPES[name].split()
            ]
            program = str(get_tools().ffmpeg)
            subprocess.run(
                [program, "-nostdin", "-v", "error", "-y", *arguments, str(path)], check=True
            )
        return path

    return make
