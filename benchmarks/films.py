"""Films to measure with, made of the demo clip: real pictures, of any size and length."""

import subprocess
from pathlib import Path

from transcoders.tools import get_tools

CLIP = Path(__file__).parents[1] / "docs" / "demo" / "clip.mp4"
CLIP_SIZE, CLIP_SECONDS = (1280, 720), 25


def ffmpeg(*arguments: str | Path) -> None:
    """Run the product's ffmpeg, unconfined; it must succeed."""
    command = [str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def detailed(folder: Path, seconds: int, size: tuple[int, int]) -> Path:
    """A film at 30 that is no larger than it is sharp: above its own size the clip in a mosaic."""
    width, height = size
    target = folder / f"{width}x{height}-detailed.mp4"
    columns, rows = (-(-side // own) for side, own in zip(size, CLIP_SIZE, strict=True))
    count = columns * rows
    begins = (n * (CLIP_SECONDS - seconds) / count for n in range(count))
    inputs = [word for begin in begins for word in ("-ss", f"{begin:.3f}", "-i", str(CLIP))]
    mosaic = f"xstack=inputs={count}:grid={columns}x{rows},crop={width}:{height}"
    fitted = mosaic if count > 1 else f"scale={width}:{height}"
    ffmpeg(
        *inputs, "-filter_complex", f"{fitted},fps=30", "-map", "0:a", "-t", str(seconds),
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-g", "60",
        "-c:a", "aac", "-ar", "48000", target,
    )  # fmt: skip
    return target


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
