"""The decoders that outside bytes may reach: what cameras, phones, recorders and editors write.

ffmpeg has some 550, most of them for formats of games and of the last century, and each one that
is not needed is a way in. A name is ffmpeg's own; the first in a line is the one that it prefers.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from core.media import Probe

_VIDEO: Final[Mapping[str, tuple[str, ...]]] = {
    # Cameras, phones, browsers, the web.
    "h264": ("h264",),
    "hevc": ("hevc",),
    "av1": ("libdav1d", "libaom-av1", "av1"),
    "vp8": ("vp8", "libvpx"),
    "vp9": ("vp9", "libvpx-vp9"),
    "apv": ("apv",),
    "mjpeg": ("mjpeg",),
    "mpeg4": ("mpeg4",),
    "h263": ("h263",),
    # Broadcast, discs, tape.
    "mpeg1video": ("mpeg1video",),
    "mpeg2video": ("mpeg2video",),
    "vc1": ("vc1",),
    "dvvideo": ("dvvideo",),
    "jpeg2000": ("jpeg2000",),
    # Editors and capture.
    "prores": ("prores",),
    "dnxhd": ("dnxhd",),
    "cfhd": ("cfhd",),
    "ffv1": ("ffv1",),
    "ffvhuff": ("ffvhuff",),
    "huffyuv": ("huffyuv",),
    "utvideo": ("utvideo",),
    "magicyuv": ("magicyuv",),
    "lagarith": ("lagarith",),
    "hap": ("hap",),
    "hqx": ("hqx",),
    "hq_hqa": ("hq_hqa",),
    "aic": ("aic",),
    "qtrle": ("qtrle",),
    "png": ("png",),
    "rawvideo": ("rawvideo",),
    "v210": ("v210",),
    "r210": ("r210",),
    # Archives of the nineties and after.
    "msmpeg4v2": ("msmpeg4v2",),
    "msmpeg4v3": ("msmpeg4",),
    "wmv1": ("wmv1",),
    "wmv2": ("wmv2",),
    "wmv3": ("wmv3",),
    "flv1": ("flv",),
    "vp6": ("vp6",),
    "vp6f": ("vp6f",),
    "theora": ("theora",),
    "svq1": ("svq1",),
    "svq3": ("svq3",),
    "cinepak": ("cinepak",),
}  # fmt: skip

_PCM: Final = (
    *(f"pcm_{kind}{end}" for kind in ("s16", "s24", "s32", "f32", "f64") for end in ("le", "be")),
    "pcm_u8", "pcm_s8", "pcm_alaw", "pcm_mulaw", "pcm_bluray", "pcm_dvd",
)  # fmt: skip

_AUDIO: Final[Mapping[str, tuple[str, ...]]] = {
    "aac": ("aac",),
    "aac_latm": ("aac_latm",),
    "mp1": ("mp1float", "mp1"),
    "mp2": ("mp2", "mp2float"),
    "mp3": ("mp3float", "mp3"),
    "opus": ("opus", "libopus"),
    "vorbis": ("vorbis", "libvorbis"),
    "flac": ("flac",),
    "alac": ("alac",),
    "ac3": ("ac3",),
    "eac3": ("eac3",),
    "dts": ("dca",),
    "truehd": ("truehd",),
    "mlp": ("mlp",),
    "s302m": ("s302m",),
    "dvaudio": ("dvaudio",),
    "wmav1": ("wmav1",),
    "wmav2": ("wmav2",),
    "wmapro": ("wmapro",),
    "wmalossless": ("wmalossless",),
    "wmavoice": ("wmavoice",),
    "amr_nb": ("amrnb", "libopencore_amrnb"),
    "amr_wb": ("amrwb", "libopencore_amrwb"),
    "qcelp": ("qcelp",),
    "speex": ("speex", "libspeex"),
    "nellymoser": ("nellymoser",),
    "qdm2": ("qdm2",),
    "adpcm_ms": ("adpcm_ms",),
    "adpcm_ima_wav": ("adpcm_ima_wav",),
    "adpcm_ima_qt": ("adpcm_ima_qt",),
    "adpcm_swf": ("adpcm_swf",),
    **{name: (name,) for name in _PCM},
}  # fmt: skip

DECODERS: Final[Mapping[str, tuple[str, ...]]] = {**_VIDEO, **_AUDIO}

# ffprobe opens a decoder for every stream that it lists, and gives the file up where it may not.
# These are opened for that alone: no packet of a subtitle or of a cover reaches them.
_LISTED_COVERS: Final = ("bmp", "gif", "tiff", "webp")
_LISTED_SUBTITLES: Final = (
    "mov_text", "subrip", "srt", "ass", "ssa", "webvtt", "text", "dvdsub", "dvbsub", "pgssub",
    "xsub", "cc_dec", "libzvbi_teletextdec", "libaribcaption", "libaribb24",
)  # fmt: skip


def whitelist(codecs: Iterable[str] = DECODERS) -> str:
    """A `-codec_whitelist` of the decoders of these codecs, as far as any is allowed."""
    return ",".join(name for codec in codecs for name in DECODERS.get(codec, ())) or "none"


def needed(probe: Probe) -> str:
    """The same for the pictures and tracks of one file."""
    pictures, tracks = probe.video, probe.audio
    codecs = [*(each.codec for each in pictures), *(each.codec for each in tracks)]
    return whitelist(dict.fromkeys(codecs))


def listing_arguments() -> tuple[str, ...]:
    """What lets ffprobe list streams whose decoders are not allowed; before the input."""
    return (
        "-codec_whitelist:v", f"{whitelist()},{','.join(_LISTED_COVERS)}",
        "-codec_whitelist:s", ",".join(_LISTED_SUBTITLES),
    )  # fmt: skip
