"""A photo through the stage `image` against a bare Pillow script that makes the same files.

    python -m benchmarks.bench_images [ROUNDS]

Floor: one Python process with Pillow alone, told the focal point, and so without numpy, OpenCV,
placeholder, palette, metadata and confinement. Both in turn, in one run; processor seconds, which
a busy machine stretches least.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from pipeline.plan.image import ANIMATION_WIDTH, FORMATS, POSTER_WIDTH, SHAPE_FORMAT, SHAPES, WIDTHS
from transcoders.images.asking import make
from transcoders.images.geometry import cut, scaled, widths_for
from transcoders.images.wanted import Crop, Encoding, Made, Work

_BOUND = 1.10
_MEMORY = 300 << 20

FLOOR = """
import json, sys
from PIL import Image
ask = json.load(open(sys.argv[1]))
image = Image.open(ask["source"])
image.draft("RGB", ask["draft"])
image = image.convert("RGB")
if image.size != tuple(ask["base"]):
    image = image.resize(ask["base"], Image.Resampling.LANCZOS, reducing_gap=2.0)
base = image
def write(image, stem, formats):
    for one in formats:
        if one["format"] == "avif":
            image.save(stem + ".avif", quality=one["quality"], speed=one["effort"],
                       subsampling="4:2:0", max_threads=ask["threads"])
        elif one["format"] == "webp":
            image.save(stem + ".webp", quality=one["quality"], method=one["effort"])
        else:
            image.save(stem + ".jpg", quality=one["quality"], progressive=True, optimize=True,
                       subsampling="4:2:0")
for name, box, size in ask["crops"]:
    write(base.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0),
          ask["folder"] + "/" + name, ask["crop_formats"])
for size in ask["sizes"]:
    if image.size != tuple(size):
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    write(image, ask["folder"] + "/" + str(size[0]), ask["formats"])
"""


def work() -> Work:
    """What the recipe asks for."""
    return Work(
        widths=WIDTHS,
        encodings=tuple(Encoding(one.name, one.quality, one.effort) for one in FORMATS),
        crops=tuple(Crop(one.name, one.width, one.height) for one in SHAPES),
        crop_encodings=(Encoding(SHAPE_FORMAT.name, SHAPE_FORMAT.quality),),
        poster_width=POSTER_WIDTH,
        animation_width=ANIMATION_WIDTH,
    )


PHOTO = """
import sys
from PIL import Image
path, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
noise = Image.effect_noise((width // 4, height // 4), 40)
large = noise.resize((width, height), Image.Resampling.BICUBIC).convert("RGB")
large.save(path, "JPEG", quality=88)
"""


def photo(folder: Path, width: int, height: int) -> Path:
    """Noise, enlarged: about as much detail as a camera's sharpest photographs have.

    Made by another process: a child's peak begins at what its parent has in memory.
    """
    path = folder / f"{width}x{height}.jpg"
    command = [sys.executable, "-c", PHOTO, str(path), str(width), str(height)]
    subprocess.run(command, check=True)
    return path


def bare(source: Path, size: tuple[int, int], folder: Path, made: Made) -> tuple[float, int]:
    """The floor: processor seconds and the most memory, in bytes."""
    asked = work()
    assert made.focus is not None
    widths = widths_for(size, asked.widths)
    scale = widths[0] / size[0]
    cuts = [cut(size, one, (made.focus.x, made.focus.y)) for one in asked.crops]
    scale = max(scale, *(one.size[0] / (one.box[2] - one.box[0]) for one in cuts))
    base = [-(-round(side * scale * 1000) // 1000) for side in size]
    ask = {
        "source": str(source),
        "folder": str(folder),
        "draft": [int(side * scale) for side in size],
        "base": base,
        "threads": min(4, len(os.sched_getaffinity(0))),
        "sizes": [scaled(size, width) for width in widths],
        "formats": [asdict(one) for one in asked.encodings],
        "crop_formats": [asdict(one) for one in asked.crop_encodings],
        "crops": [
            (
                one.name.replace(":", "x"),
                [min(place * scale, base[number % 2]) for number, place in enumerate(one.box)],
                one.size,
            )
            for one in cuts
        ],
    }
    question = folder / "ask.json"
    question.write_text(json.dumps(ask))
    child = subprocess.Popen([sys.executable, "-I", "-c", FLOOR, str(question)])
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def main(rounds: int = 5) -> int:
    """Measures in turn and prints a table of medians; 1 where a bound is broken."""
    folder = Path(tempfile.mkdtemp(prefix="automator-bench-", dir="/tmp"))
    broken = 0
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}\n")
    print("| photo | the bare script | the stage | of it | most memory, script / stage |")
    print("|---|---|---|---|---|")
    try:
        for name, width, height, times in (
            ("2 megapixels", 1920, 1080, rounds),
            ("24 megapixels", 6000, 4000, rounds),
            ("100 megapixels", 11_547, 8_660, max(1, rounds // 2)),
        ):
            source = photo(folder, width, height)
            floors, ours, most = [], [], [0, 0]
            for _ in range(times):
                made, done = make(source, _empty(folder / "ours"), work())
                ours.append(done.cpu_seconds)
                seconds, peak = bare(source, (width, height), _empty(folder / "bare"), made)
                floors.append(seconds)
                most = [max(most[0], peak), max(most[1], done.peak_bytes)]
            floor, our = statistics.median(floors), statistics.median(ours)
            broken += (name == "24 megapixels" and our > floor * _BOUND) or most[1] > _MEMORY
            print(
                f"| {name} | {floor:.2f} s | {our:.2f} s | {our / floor:.2f} |"
                f" {most[0] >> 20} / {most[1] >> 20} MB |",
                flush=True,
            )
    finally:
        shutil.rmtree(folder)
    return 1 if broken else 0


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
