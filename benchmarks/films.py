"""Films to measure with, made of the demo clip: real pictures, of any size and length."""

import subprocess
from pathlib import Path

from transcoders.tools import get_tools

CLIP = Path(__file__).parents[1] / "docs" / "demo" / "clip.mp4"


def ffmpeg(*arguments: str | Path) -> None:
    """Run the product's ffmpeg, unconfined; it must succeed."""
    command = [str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def film(folder: Path, seconds: float, size: tuple[int, int], rate: int = 30) -> Path:
    """An H.264 and AAC film of that length, with keyframes every 2 s; made once for a folder."""
    width, height = size
    target = folder / f"{width}x{height}-{rate}-{seconds:g}s.mp4"
    if target.exists():
        return target
    # One round of the clip is encoded, and copied as often as it takes.
    round_ = folder / f"round-{width}x{height}-{rate}.mp4"
    if not round_.exists():
        ffmpeg(
            "-i", CLIP, "-vf", f"scale={width}:{height},fps={rate}", "-c:v", "libx264",
            "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-g", str(2 * rate),
            "-c:a", "aac", "-ar", "48000", round_,
        )  # fmt: skip
    ffmpeg(
        "-stream_loop", "-1", "-i", round_, "-t", f"{seconds}", "-c", "copy",
        "-movflags", "+faststart", target,
    )  # fmt: skip
    return target
