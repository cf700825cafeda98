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

# A small picture, and 2 ms of sound at each half second.
_DOTS: Final = "-f lavfi -i testsrc2=size=64x64:rate=25:duration=4"
_CLICKS: Final = (
    "-f lavfi -i aevalsrc=0.5*sin(2*PI*2000*t)*lt(mod(t\\,0.5)\\,0.002)*gt(t\\,0.1):s=48000:d=4"
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
    "fast.mp4": "-f lavfi -i testsrc2=size=320x180:rate=120:duration=2 -f lavfi -i "
    f"sine=duration=2 {_H264} -c:a aac",
    "still.mp4": f"-f lavfi -i color=black:size=320x240:rate=25:duration=4 {_H264}",
    "snow.mp4": "-f lavfi -i nullsrc=size=160x90:rate=25:duration=3,"
    f"geq=lum=random(1)*255:cb=128:cr=128 {_H264}",
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
    "long.mp4": "-f lavfi -i testsrc2=size=64x64:rate=10:duration=100 -f lavfi -i "
    "sine=duration=100:sample_rate=8000 -c:v libx264 -preset veryfast -pix_fmt yuv420p -bf 2 "
    "-g 30 -sc_threshold 0 -c:a aac -ac 1",
    "long-early-index.mp4": "-i {long.mp4} -c copy -movflags +faststart",
    "long.mkv": "-i {long.mp4} -c copy",
    "slides.mp4": "-f lavfi -i testsrc2=size=64x64:rate=1/2:duration=10 "
    "-c:v libx264 -preset ultrafast",
    "two-tracks.mkv": "-i {tiny.mov} -i {tiny.mov} -map 0 -map 1:a -c copy "
    "-metadata:s:a:0 language=eng -metadata:s:a:0 title=Narration",
    "two-pictures.mkv": "-f lavfi -i testsrc2=size=64x64:duration=1 -f lavfi -i "
    "testsrc2=size=128x72:duration=1 -map 0 -map 1 -c:v libx264 -preset ultrafast",
    "frames.ts": "-f lavfi -i testsrc2=size=320x180:rate=25:duration=1 "
    "-c:v libx264 -preset ultrafast",
    "fields.ts": "-f lavfi -i testsrc2=size=320x180:rate=50:duration=4 "
    "-vf tinterlace=interleave_top -c:v libx264 -preset ultrafast -g 12 -flags +ildct+ilme "
    "-output_ts_offset 1",
    "encrypted.mp4": "-i {tiny.mov} -c copy -encryption_scheme cenc-aes-ctr -encryption_key "
    "76a6c65c5ea762046bd749a2e632ccbb -encryption_kid a7e61c373e219033c21091fa607bf3b8",
    "subtitled.mp4": "-i {tiny.mov} -f srt -i data:text/plain;base64,"
    "MQowMDowMDowMCwwMDAgLS0+IDAwOjAwOjAwLDkwMApXb3Jkcwo= -c copy -c:s mov_text",
    "cover.m4a": "-f lavfi -i sine=duration=1 -i {tiny.jpg} -map 0 -map 1 -c:a aac -c:v copy "
    "-disposition:v attached_pic -f mp4",
    "tiny.jpg": "-f lavfi -i testsrc2=size=16x16 -frames:v 1 -update 1 -pix_fmt yuvj420p",
    "clicks.mp4": f"{_DOTS} {_CLICKS} {_H264} -g 25 -c:a aac -ac 2",
    "clicks.mkv": "-i {clicks.mp4} -c copy",
    "clicks-44k.mp4": f"{_DOTS} {_CLICKS} {_H264} -g 25 -c:a aac -ar 44100 -ac 2",
    "clicks-mp3.mkv": f"{_DOTS} {_CLICKS} {_H264} -g 25 -c:a libmp3lame",
    "clicks-opus.webm": f"{_DOTS} {_CLICKS} -c:v libvpx -deadline realtime -c:a libopus",
    "clicks-vorbis.webm": f"{_DOTS} {_CLICKS} -c:v libvpx -deadline realtime -c:a libvorbis -ac 2",
    "clicks-ac3.ts": f"{_DOTS} {_CLICKS} {_H264} -g 25 -c:a ac3 -ac 2",
    "clicks-8k.mov": f"{_DOTS} {_CLICKS} {_H264} -g 25 -c:a pcm_s16le -ar 8000",
    "clicks-late.mp4": f"{_DOTS} -itsoffset 1.5 {_CLICKS} {_H264} -g 25 -c:a aac -ac 2",
    "clicks-early.mkv": f"-itsoffset 0.4 {_DOTS} {_CLICKS} {_H264} -g 25 -c:a libopus",
    "clicks-cut.mp4": "-ss 0.7 -i {clicks.mp4} -c copy",
    "clicks-gap.mkv": f"{_DOTS} {_CLICKS} {_H264} -g 25 -c:a pcm_s16le "
    "-af aselect=not(between(t\\,1.2\\,2.2))",
    "first-half.ts": f"-t 2 {_DOTS} -t 2 {_CLICKS} {_H264} -g 25 -c:a aac -ac 2",
    "second-half.ts": f"-t 2 {_DOTS} -t 2 {_CLICKS} {_H264} -g 25 -c:a aac -ar 44100 -ac 1 "
    "-output_ts_offset 2",
    "six.mov": f"{_DOTS} -f lavfi -i aevalsrc=0.1*sin(2*PI*400*t)|0|0.1*sin(2*PI*1000*t)|"
    "0.3*sin(2*PI*60*t)|0.1*sin(2*PI*2000*t)|0:c=5.1:s=48000:d=4 "
    f"{_H264} -g 25 -c:a pcm_s16le",
    "languages.mkv": f"{_DOTS} {_SOUND} -f lavfi -i sine=frequency=880:duration=4 -map 0 -map 1 "
    f"-map 2 {_H264} -g 25 -c:a libopus -metadata:s:a:0 language=eng -metadata:s:a:1 language=fra",
    "noise.mp4": f"{_DOTS} -f lavfi -i anoisesrc=amplitude=0.001:seed=1:duration=4 {_H264} "
    "-c:a aac",
    "digital-silence.mp4": f"{_DOTS} -f lavfi -i anullsrc=duration=4 {_H264} -c:a aac",
    "empty-sound.mkv": f"{_DOTS} -itsoffset 10 {_SOUND} -map 0:v -map 1:a -t 4 {_H264} "
    "-c:a pcm_s16le",
    "blip.mp4": "-f lavfi -i testsrc2=size=64x64:rate=25:duration=0.04 -f lavfi -i "
    f"sine=duration=0.04 {_H264} -c:a pcm_s16le -f mov",
    "much-later.mkv": "-f lavfi -i testsrc2=size=64x64:rate=1:duration=302 -itsoffset 300 -f lavfi "
    f"-i sine=duration=2 {_H264} -c:a pcm_s16le",
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
