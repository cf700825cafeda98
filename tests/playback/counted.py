"""A film whose every frame tells its number, so that a picture on a screen can be held to its time.

Along the top stand ten squares: nine are the bits of the frame's number, the lowest first, white
for one; the tenth is white throughout. A patch at the bottom left has one known colour. There are
two sound tracks, each a tone of its own.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transcoders.tools import Tools

BITS: Final = 9
COLOUR: Final = (0x20, 0x50, 0x80)


@dataclass(frozen=True, slots=True)
class Track:
    """A sound track: its language in both of ISO 639's forms, and its tone in hertz."""

    language: str
    code: str
    hertz: int


@dataclass(frozen=True, slots=True)
class Film:
    """What was put into the film, for comparison with what comes out."""

    path: Path
    width: int
    height: int
    fps: int
    frames: int
    tracks: tuple[Track, ...]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.frames / self.fps


TRACKS: Final = (Track("en", "eng", 440), Track("de", "deu", 880))


def make(tools: Tools, path: Path, *, seconds: int = 8) -> Film:
    """Draw the film: 640×360 at 25 frames a second."""
    film = Film(path, 640, 360, 25, seconds * 25, TRACKS)
    assert film.frames < 1 << BITS, "the number has no bits left"
    tones = [
        word
        for track in TRACKS
        for word in ("-f", "lavfi", "-i", f"{_tone(track)}:duration={seconds}")
    ]
    sound = [
        word
        for number, track in enumerate(TRACKS)
        for word in ("-map", f"{number + 1}:a", f"-metadata:s:a:{number}", f"language={track.code}")
    ]
    subprocess.run(
        [
            str(tools.ffmpeg), "-nostdin", "-v", "error", "-y",
            "-f", "lavfi", "-i", f"{_picture(film)}:duration={seconds},{_drawing(film)}", *tones,
            "-map", "0:v", *sound,
            "-c:v", "libx264", "-preset", "ultrafast", "-crf", "16", "-g", str(film.fps * 2),
            "-c:a", "aac", "-ac", "2", "-movflags", "+faststart", str(path),
        ],
        check=True,
    )  # fmt: skip
    return film


def _picture(film: Film) -> str:
    return f"testsrc2=size={film.width}x{film.height}:rate={film.fps}"


def _tone(track: Track) -> str:
    return f"sine=frequency={track.hertz}:sample_rate=48000"


def _drawing(film: Film) -> str:
    side = film.width // (BITS + 1)
    red, green, blue = COLOUR
    patch = f"drawbox=y={film.height - side}:w={side * 2}:h={side}"
    squares = [
        f"drawbox=x={bit * side}:w={side}:h={side}:color=white:t=fill"
        f":enable='mod(floor(n/{1 << bit}),2)'"
        for bit in range(BITS)
    ]
    return ",".join(
        (
            f"drawbox=w={film.width}:h={side}:color=black:t=fill",
            *squares,
            f"drawbox=x={BITS * side}:w={side}:h={side}:color=white:t=fill",
            f"{patch}:color=0x{red:02x}{green:02x}{blue:02x}:t=fill",
            "format=yuv420p",
        )
    )
