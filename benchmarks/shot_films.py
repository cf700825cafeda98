"""Films whose changes of shot are known: found by eye in real ones, or put into composed ones."""

import random
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from transcoders.tools import get_tools

Kind = Literal["cut", "dissolve", "fade"]


@dataclass(frozen=True, slots=True)
class Truth:
    """A change of shot; seconds. A cut begins and ends at the first frame of the new shot."""

    begin: float
    end: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class Labelled:
    """A film and its changes."""

    name: str
    path: Path
    truths: tuple[Truth, ...]


# From within one shot each: file, first second, last second.
PIECES: Final = (
    ("WolfgangLanger_Pexels.mp4", 0.0, 19.5),
    ("no_face.mp4", 0.3, 3.4),
    ("single_face.mp4", 0.0, 2.4),
    ("bigbuckbunny.mp4", 0.0, 5.2),
    ("carphone_pristine.mp4", 0.0, 3.9),
    ("vtest.avi", 0.0, 79.0),
    ("tree.avi", 0.0, 29.0),
    ("box.mp4", 0.0, 15.0),
    ("cup.mp4", 0.0, 8.0),
    ("Megamind.avi", 0.0, 3.5),
    ("Megamind.avi", 8.5, 11.2),
    ("bbb_trailer_55s_720p24.mp4", 1.0, 3.2),
    ("bbb_trailer_55s_720p24.mp4", 14.7, 24.2),
    ("bbb_trailer_55s_720p24.mp4", 33.0, 35.6),
    ("bbb_trailer_55s_720p24.mp4", 38.0, 41.0),
    ("bbb_trailer_55s_720p24.mp4", 48.0, 50.2),
    ("bikes.mp4", 7.6, 9.6),
)
_RATE, _SIZE = 25, (640, 360)


def composed(clips: dict[str, Path], folder: Path, seed: int, shots: int = 24) -> Labelled:
    """A film of pieces that follow each other by cuts, dissolves and fades, in a random order."""
    chance = random.Random(seed)
    target = folder / f"composed-{seed}.mp4"
    inputs: list[str] = []
    chain: list[str] = []
    lengths: list[float] = []
    for number in range(shots):
        name, first, last = PIECES[(number * 7 + seed) % len(PIECES)]
        seconds = min(last - first, chance.choice((2.4, 3.0, 3.8)))
        seconds = int(seconds * _RATE) / _RATE
        start = first + chance.random() * (last - first - seconds)
        inputs += ["-ss", f"{start:.3f}", "-t", f"{seconds + 1:.3f}", "-i", str(clips[name])]
        width, height = _SIZE
        chain.append(
            f"[{number}:v]fps={_RATE},scale={width}:{height}:force_original_aspect_ratio=increase,"
            f"crop={width}:{height},setsar=1,format=yuv420p,settb=1/{_RATE},"
            f"tpad=stop_mode=clone:stop=50,trim=end_frame={round(seconds * _RATE)},"
            f"setpts=N[p{number}]"
        )
        lengths.append(seconds)
    truths: list[Truth] = []
    joined, total = "p0", lengths[0]
    for number in range(1, shots):
        kind: Kind = chance.choice(("cut", "cut", "dissolve", "fade"))
        out = f"j{number}"
        if kind == "cut":
            chain.append(f"[{joined}][p{number}]concat=n=2,settb=1/{_RATE},setpts=N[{out}]")
            truths.append(Truth(total, total, kind))
            total += lengths[number]
        else:
            takes = chance.choice((0.4, 0.6, 0.8, 1.0))
            how = "fade" if kind == "dissolve" else chance.choice(("fadeblack", "fadewhite"))
            offset = total - takes
            chain.append(
                f"[{joined}][p{number}]xfade=transition={how}:duration={takes}:offset={offset:.3f},"
                f"settb=1/{_RATE},setpts=N[{out}]"
            )
            truths.append(Truth(offset, total, kind))
            total += lengths[number] - takes
        joined = out
    if not target.exists():
        _ffmpeg(
            *inputs, "-filter_complex", ";".join(chain), "-map", f"[{joined}]", "-r", str(_RATE),
            "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p",
            "-an", str(target),
        )  # fmt: skip
    return Labelled(f"composed {seed}", target, tuple(truths))


def _ffmpeg(*arguments: str) -> None:
    command = [str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-y", *arguments]
    subprocess.run(command, check=True)


# Found by eye: the frame rate, frames that begin a shot, and from which frame to which fades last.
_BY_EYE: Final[dict[str, tuple[float, tuple[int, ...], tuple[tuple[int, int], ...]]]] = {
    "bbb_trailer_55s_720p24.mp4": (
        24.0,
        (593, 864, 900, 988, 1049),
        ((218, 262), (315, 352), (747, 788), (1100, 1145), (1208, 1252)),
    ),
    "Megamind.avi": (2997 / 125, (98, 154, 200), ()),
    "bikes.mp4": (25.0, (30, 76, 137, 187, 242), ()),
    "face_noface.mov": (519168 / 19667, (73,), ()),
    "noface_face.mov": (519168 / 19595, (96,), ()),
    # One shot each: whoever hears a change here is wrong.
    "vtest.avi": (10.0, (), ()),
    "box.mp4": (456000 / 15217, (), ()),
    "WolfgangLanger_Pexels.mp4": (24000 / 1001, (), ()),
}


def real(clips: dict[str, Path]) -> list[Labelled]:
    """Films as they were made by others."""
    return [
        Labelled(
            name,
            clips[name],
            tuple(
                sorted(
                    [
                        *(Truth(at / rate, at / rate, "cut") for at in cuts),
                        *(Truth(one / rate, two / rate, "fade") for one, two in fades),
                    ],
                    key=lambda truth: truth.begin,
                )
            ),
        )
        for name, (rate, cuts, fades) in _BY_EYE.items()
    ]
