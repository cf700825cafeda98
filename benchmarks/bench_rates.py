"""What looking at the content saves: our ladder against a fixed one, on content of several kinds.

    python -m benchmarks.bench_rates [CLIP …]

Fixed: every rung at the average rate that widely copied HLS ladders give it, whatever the picture.
Ours: constant quality under a peak, and only the rungs that stage `analyse` leaves. One encoder and
preset for both. VMAF is against the source at the rung's own size. All is made of the demo clip,
and of print where there is a font; clips of one's own may be named.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.media import Probe
from core.renditions import Grid, Rendition
from pipeline.plan.recipes import plan
from pipeline.plan.video_types import ANALYSE, AnalyseOptions, AnalyseResult, Decision
from pipeline.stages import analyse
from pipeline.stages.context import StageContext, StageInput
from transcoders.encoders import output_options, software
from transcoders.probe import probe
from transcoders.tools import get_tools

CLIP: Final = Path(__file__).parents[1] / "docs" / "demo" / "clip.mp4"
SECONDS: Final = 12
# Average kilobits a second by lines; peaks 7 % above, a buffer of 1.5 s.
FIXED: Final = {1080: 5000, 720: 2800, 480: 1400, 360: 800, 240: 400}
_CAMERA: Final = "-c:v libx264 -preset superfast -b:v 28M -maxrate 40M -bufsize 40M -g 30"
_NEAR_LOSSLESS: Final = "-c:v libx264 -preset superfast -crf 12 -g 60"
_EVERY: Final = 5
LOOK_BOUND: Final = 0.08


def _slides(font: str) -> str:
    """A slide every four seconds, with print of three sizes and a chart."""
    parts = []
    for number, colour in enumerate(("0x3060a0", "0xb04030", "0x308050")):
        lines = "".join(
            f"drawtext=fontfile={font}:expansion=none:fontcolor=0x202830:x={120 + 13 * number}"
            f":y={110 + 46 * row}:fontsize={(44, 34, 22)[row % 3]}"
            f":text=Row {row} of slide {number} tells how {row * 17 + number * 29} became "
            f"{row * 23 + 7} in week {row + number},"
            for row in range(14)
        )
        bars = "".join(
            f"drawbox=x={1300 + 90 * bar}:y={1000 - 37 * bar}:w=60:h={37 * bar}"
            f":color={colour}:t=fill,"
            for bar in range(number, number + 6)
        )
        parts.append(
            f"color=0xf6f4ee:s=1920x1080:r=30:d={SECONDS / 3},{lines}{bars}null[slide{number}]"
        )
    return ";".join(parts) + ";[slide0][slide1][slide2]concat=n=3"


def _scrolled(font: str) -> str:
    """A page of print that stands, and is then scrolled through."""
    lines = "".join(
        f"drawtext=fontfile={font}:expansion=none:fontcolor=0x202830:fontsize=24:x=100"
        f":y={60 + 40 * row}-max(0\\,t-3)*90"
        f":text=def step_{row}(value_{row * 7}) returns {row * 31 % 97} or raises Error{row},"
        for row in range(48)
    )
    return f"color=white:s=1920x1080:r=30:d={SECONDS},{lines}null"


def recipes() -> dict[str, tuple[str, ...]]:
    """What each clip is made from, in ffmpeg's words."""
    film = ("-ss", "8", "-t", str(SECONDS), "-i", str(CLIP), "-an")
    enlarged = "scale=854:480:flags=bicubic,scale=1920:1080:flags=bicubic"
    # Four stills side by side make a large picture, which is panned over: back and forth, with two
    # shutter openings a frame and the noise of a sensor.
    pans = (
        "[0:v]select='gt(n,240)*not(mod(n,60))',tile=2x2,loop=-1:1,setpts=N/60/TB,fps=60,"
        "crop=1920:1080:'(iw-1920)*(0.5+0.5*sin(2.3*t))':'(ih-1080)*(0.5+0.5*sin(3.1*t+1))',"
        "tmix=frames=2,fps=30,noise=alls=3:allf=t"
    )
    made = {
        "animation": (*film, *_NEAR_LOSSLESS.split()),
        "grain": (*film, "-vf", "noise=c0s=14:c0f=t+u", *_CAMERA.split()),
        "enlarged": (*film, "-vf", enlarged, *_NEAR_LOSSLESS.split()),
        "sport": ("-i", str(CLIP), "-filter_complex", pans, "-t", str(SECONDS), *_CAMERA.split()),
    }
    font = _font()
    if font:
        for name, graph in (("slides", _slides(font)), ("scrolled", _scrolled(font))):
            made[name] = ("-filter_complex", graph, *_NEAR_LOSSLESS.split())
    else:
        print("slides and scrolled print are left out: there is no font (fc-match)")
    return made


def _font() -> str | None:
    if not shutil.which("fc-match"):
        return None
    done = subprocess.run(
        ["fc-match", "-f", "%{file}", "sans"], check=False, capture_output=True, text=True
    )
    return done.stdout or None


def ffmpeg(*arguments: str | Path, folder: Path) -> str:
    """What ffmpeg said."""
    argv = [str(get_tools().ffmpeg), "-nostdin", "-hide_banner", "-y", *map(str, arguments)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, cwd=folder)
    if done.returncode:
        sys.exit(f"ffmpeg failed: {done.stderr[-2000:]}")
    return done.stderr


def cpu_seconds() -> float:
    """Processor time of all children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass(frozen=True, slots=True)
class Made:
    """A ladder: bits a second and VMAF of each rung, by name, and its processor time."""

    bits: Mapping[str, float]
    vmaf: Mapping[str, float]
    seconds: float

    @property
    def total(self) -> float:
        """Bits a second of all rungs."""
        return sum(self.bits.values())


def encoded(
    clip: Path, ladder: Sequence[Rendition], grid: Grid, folder: Path, *, fixed: bool
) -> Made:
    """Both ladders go the same way: one decode, each rung from the one above, an encoder each."""
    folder.mkdir(exist_ok=True)
    graph, outputs = ["[0:v]null[leg0]"], []
    for number, one in enumerate(ladder):
        flags = "lanczos" if number else "bicubic"
        legs = f"[out{number}]" + (f"[leg{number + 1}]" if one is not ladder[-1] else "")
        graph.append(
            f"[leg{number}]scale={one.width}:{one.height}:flags={flags},format=yuv420p"
            f",split={legs.count('[')}{legs}"
        )
        options = output_options(software(one.codec), one, grid)
        if fixed:
            rate = FIXED[one.rung]
            options.pop("crf")
            rates = {"b:v": rate, "maxrate": rate * 107 // 100, "bufsize": rate * 3 // 2}
            options |= {name: f"{value}k" for name, value in rates.items()}
        outputs += ["-map", f"[out{number}]"]
        outputs += [word for name, value in options.items() for word in (f"-{name}", value)]
        outputs.append(f"{one.name}.mp4")
    began = cpu_seconds()
    ffmpeg("-i", clip, "-filter_complex", ";".join(graph), *outputs, folder=folder)
    seconds = cpu_seconds() - began
    files = {one.name: folder / f"{one.name}.mp4" for one in ladder}
    return Made(
        {name: file.stat().st_size * 8 / grid.seconds for name, file in files.items()},
        {one.name: vmaf(clip, files[one.name], (one.width, one.height), folder) for one in ladder},
        seconds,
    )


def vmaf(clip: Path, made: Path, size: tuple[int, int], folder: Path) -> float:
    """Mean VMAF of every fifth frame; both are brought to that size."""
    scale = f"scale={size[0]}:{size[1]}:flags=bicubic,format=yuv420p,settb=AVTB,setpts=N"
    graph = (
        f"[0:v]{scale}[made];[1:v]{scale}[source];[made][source]"
        f"libvmaf=n_threads=2:n_subsample={_EVERY}:log_fmt=json:log_path=vmaf.json"
    )
    ffmpeg("-i", made, "-i", clip, "-lavfi", graph, "-f", "null", "-", folder=folder)
    found = json.loads((folder / "vmaf.json").read_text())
    return float(found["pooled_metrics"]["vmaf"]["mean"])


def looked(clip: Path, known: Probe, folder: Path) -> tuple[AnalyseOptions, AnalyseResult, float]:
    """The stage itself, and its processor time."""
    options = plan("video", known)[ANALYSE].options
    assert isinstance(options, AnalyseOptions)
    options = options.model_copy(update={"hardware": False})
    folder.mkdir(exist_ok=True)
    context = StageContext(clip, "", folder, get_tools(), inputs={"probe": StageInput(known)})
    began = cpu_seconds()
    value = analyse.run(context, options).value
    assert isinstance(value, AnalyseResult)
    return options, value, cpu_seconds() - began


@dataclass(frozen=True, slots=True)
class Row:
    """One clip. `best` is the VMAF of both tops at the source's own size, as a large screen has."""

    name: str
    options: AnalyseOptions
    result: AnalyseResult
    fixed: Made
    ours: Made
    best: tuple[float, float]
    look: float


def measure(name: str, clip: Path, folder: Path) -> Row:
    """Everything about one clip."""
    known = probe(clip, get_tools())
    video = known.main_video
    assert video is not None
    options, result, look = looked(clip, known, folder / "look")
    # A fixed ladder has its own sizes, and none for a source that lies between.
    usual = tuple(one for one in options.ladder if one.rung in FIXED)
    ladders = {"fixed": usual, "ours": result.ladder}
    fixed, ours = (
        encoded(clip, ladder, options.grid, folder / which, fixed=which == "fixed")
        for which, ladder in ladders.items()
    )
    tops = (folder / which / f"{ladder[0].name}.mp4" for which, ladder in ladders.items())
    first, second = (vmaf(clip, top, video.display_size, folder) for top in tops)
    return Row(name, options, result, fixed, ours, (first, second), look)


def print_tables(rows: Sequence[Row]) -> None:
    """One line a clip, then one a rung."""
    print("| clip | fixed, all rungs | ours | saved | best picture, VMAF | dropped | capped "
          "| encode, CPU s | look, CPU s |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        names = {
            action: [d.rendition for d in row.result.decisions if d.action == action]
            for action in ("drop", "cap")
        }
        print(
            f"| {row.name} | {row.fixed.total / 1000:.0f} | {row.ours.total / 1000:.0f} "
            f"| {1 - row.ours.total / row.fixed.total:.0%} "
            f"| {row.best[0]:.1f} → {row.best[1]:.1f} "
            f"| {', '.join(names['drop']) or '–'} | {', '.join(names['cap']) or '–'} "
            f"| {row.fixed.seconds:.1f} → {row.ours.seconds:.1f} | {row.look:.2f} |"
        )
    print("\n| clip | rung | fixed, kb/s | VMAF | ours, kb/s | expected | VMAF | saved |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        for decision in row.result.decisions:
            _print_rung(row, decision)


def _print_rung(row: Row, decision: Decision) -> None:
    name = decision.rendition
    fixed, ours = row.fixed.bits.get(name), row.ours.bits.get(name)
    cells = [row.name, name, _kilobits(fixed), _vmaf(row.fixed, name)]
    cells += ["dropped" if ours is None else _kilobits(ours), _kilobits(decision.bitrate)]
    cells += [_vmaf(row.ours, name), f"{1 - (ours or 0) / fixed:.0%}" if fixed else "–"]
    print(f"| {' | '.join(cells)} |")


def _kilobits(bits: float | None) -> str:
    return "–" if bits is None else f"{bits / 1000:.0f}"


def _vmaf(made: Made, name: str) -> str:
    return f"{made.vmaf[name]:.1f}" if name in made.vmaf else "–"


def main() -> int:
    """Prints the tables; 1 where a look costs too much, or where content makes no difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="automator-rates-", dir="/tmp"))
    rows = []
    try:
        clips = {clip.stem: clip.resolve() for clip in given.clips}
        for name, words in recipes().items():
            clips[name] = folder / f"{name}.mp4"
            ffmpeg(*words, "-pix_fmt", "yuv420p", clips[name], folder=folder)
        for name, clip in clips.items():
            (folder / name).mkdir()
            rows.append(measure(name, clip, folder / name))
            shutil.rmtree(folder / name)
    finally:
        shutil.rmtree(folder)
    print_tables(rows)
    dropping = [any(d.action == "drop" for d in row.result.decisions) for row in rows]
    dear = [row.name for row in rows if row.look > LOOK_BOUND * row.fixed.seconds]
    if dear:
        print(f"\nthe look cost more than {LOOK_BOUND:.0%} of the encode: {', '.join(dear)}")
    return int(bool(dear) or len(set(dropping)) != 2)


if __name__ == "__main__":
    sys.exit(main())
