"""An animation as a film: what ffmpeg is told. The input is our own encoder's output."""

from pathlib import Path
from typing import Final

from transcoders.tools import Tools

NAME: Final = "animation.mp4"
# No outside bytes come this way: the list of decoders for those has none of these.
_WEBP: Final = (
    "-protocol_whitelist", "file", "-f", "webp_anim", "-format_whitelist", "webp_anim",
    "-codec_whitelist", "webp_anim,webp",
)  # fmt: skip
# Animations rarely show more, and players expect a constant rate.
_RATE: Final = 30


def even(size: tuple[int, int]) -> tuple[int, int]:
    """The size for pixels that share their colours two by two."""
    return max(2, size[0] // 2 * 2), max(2, size[1] // 2 * 2)


def film(tools: Tools, source: Path, size: tuple[int, int], target: Path) -> tuple[str, ...]:
    """H.264 that plays everywhere, shown once, on white where the animation is transparent."""
    width, height = size
    # Transparent pixels have any colour: they are laid over white.
    chain = (
        f"[0:v:0]fps={_RATE},scale={width}:{height}:flags=lanczos,format=rgba,split[a][b];"
        f"[a]drawbox=color=white:t=fill:replace=1[w];[w][b]overlay=format=auto,"
        "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,setsar=1[out]"
    )
    return (
        str(tools.ffmpeg), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-y",
        *_WEBP, "-i", f"file:{source.absolute()}",
        "-filter_complex", chain, "-map", "[out]",
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-threads", "2",
        "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "iec61966-2-1",
        "-movflags", "+faststart", "-flags", "+bitexact", "-fflags", "+bitexact",
        "-f", "mp4", str(target),
    )  # fmt: skip
