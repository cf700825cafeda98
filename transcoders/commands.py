"""What every command to ffmpeg begins and ends with.

Every output is the same, byte for byte, on every run with the same program: `bitexact` keeps
versions and dates out, and the number of threads is fixed.
"""

from typing import Final

from core.media import AudioStream
from transcoders.tools import Tools

# Each thread holds frames of its own: memory must not grow with the machine's cores.
DECODER_THREADS: Final = 4
AUDIO_RATE: Final = 48000
AUDIO_BITRATE: Final = 128_000

EXACT: Final = ("-fflags", "+bitexact", "-flags", "+bitexact")
# Chapters and tags of the source would carry dates, places and names into what is published.
NO_METADATA: Final = ("-map_metadata", "-1", "-map_chapters", "-1", "-dn", "-sn")


def begin_arguments(tools: Tools, *, level: str = "error") -> tuple[str, ...]:
    """The program, quiet below that level, and telling its progress on standard output."""
    return (
        str(tools.ffmpeg), "-hide_banner", "-nostdin", "-nostats", "-loglevel", level, "-y",
        "-progress", "pipe:1", "-stats_period", "0.5",
    )  # fmt: skip


def audio_can_be_kept(audio: AudioStream) -> bool:
    """Whether browsers and phones play this track as it is."""
    return (
        audio.codec == "aac"
        and audio.profile in ("LC", "HE-AAC", "HE-AACv2")
        and audio.channels <= 2
        and 22050 <= audio.sample_rate <= 48000
    )
