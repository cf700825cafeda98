"""Sound as transcribers take it, made for a test: 16 kHz, mono, 16 bits."""

import subprocess
from pathlib import Path

from transcoders.tools import get_tools


def sound(target: Path, *source: str | Path) -> Path:
    """What ffmpeg makes of `source`, its arguments up to the input, as a WAV."""
    command = [
        str(get_tools().ffmpeg), "-v", "error", "-y", *map(str, source),
        "-map", "0:a:0", "-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le", str(target),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return target


def made(target: Path, graph: str) -> Path:
    """What a graph of ffmpeg's sounds like."""
    return sound(target, "-f", "lavfi", "-i", graph)
