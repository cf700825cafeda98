"""Clips: what looking, following and rendering cost beside ffmpeg with a crop that never moves.

    python -m benchmarks.bench_clips [SECONDS]

A film of 1920×1080 is cut to 9:16, 1:1 and 4:5, by the product and by one bare command that decodes
once, cuts out the middle and encodes with the same settings. Neither burns captions in.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks import films
from core.renditions import Rendition, grid_of
from pipeline.plan.clip_types import shapes_of
from transcoders import clips, encoders
from transcoders.clips import Cut, Source
from transcoders.containers import recognised
from transcoders.ffmpeg import Bounds, execute
from transcoders.images.asking import detector
from transcoders.probe import probe
from transcoders.subjects.asking import follow
from transcoders.subjects.wanted import Request, Shape
from transcoders.tools import get_tools

SIZE, MOST_TIMES = (1920, 1080), 1.35
_BOUNDS = Bounds(wall_seconds=900, memory_bytes=6 << 30)


def main(seconds: int = 20) -> int:
    """Prints the table; 1 where all of it costs more than the bound."""
    folder = Path(tempfile.mkdtemp(prefix="automator-bench-", dir="/tmp"))
    try:
        costs = _costs(folder, seconds)
    finally:
        shutil.rmtree(folder)
    bare = costs["bare ffmpeg, a crop that never moves"]
    print(f"| {seconds} s of 1080p to 9:16, 1:1 and 4:5 | processor | times bare |")
    print("|---|---|---|")
    for name, cost in costs.items():
        print(f"| {name} | {cost:.2f} s | {cost / bare:.3f} |")
    times = (sum(costs.values()) - bare) / bare
    print(f"| all of ours (bound {MOST_TIMES}) | | {times:.3f} |")
    return 0 if times <= MOST_TIMES else 1


def _costs(folder: Path, seconds: int) -> dict[str, float]:
    tools, path = get_tools(), films.detailed(folder, seconds, SIZE)
    measured = probe(path, tools)
    video = measured.main_video
    assert video is not None
    grid = grid_of(video, seconds)
    source = Source(path, recognised(path), measured, grid, 0, grid.frames, SIZE)
    shapes, _ = shapes_of(*SIZE)
    looked = execute(clips.looked_at(tools, source), bounds=_BOUNDS, scratch=folder)
    found = detector()
    step = clips.look_step(grid)
    request = Request(
        str(folder / clips.FRAMES), step, grid.frames, float(grid.fps), *SIZE, (),
        tuple(Shape(one.name, one.size.width, one.size.height) for one in shapes),
        str(found) if found else None,
    )  # fmt: skip
    answer, followed = follow(request, folder)
    cuts = [
        Cut(
            Rendition(
                name=one.name, rung=1080, width=one.size.width, height=one.size.height,
                crf=21, peak_bitrate=one.size.peak_bitrate,
            ),
            answer.paths[one.name],
            None,
            folder / f"{number}.mp4",
        )
        for number, one in enumerate(shapes)
    ]  # fmt: skip
    command, graph = clips.render(tools, source, cuts, None, step)
    (folder / clips.GRAPH).write_text(graph)
    made = execute(command, bounds=_BOUNDS, scratch=folder)
    bare = execute(_bare(source, cuts), bounds=_BOUNDS, scratch=folder)
    return {
        "bare ffmpeg, a crop that never moves": bare.cpu_seconds,
        "looking: decoding to five small frames a second": looked.cpu_seconds,
        "following: faces, saliency, path": followed.cpu_seconds,
        "rendering": made.cpu_seconds,
    }


def _bare(source: Source, cuts: list[Cut]) -> tuple[str, ...]:
    names = "".join(f"[p{number}]" for number in range(len(cuts)))
    chains = [f"[0:v]split={len(cuts)}{names}"]
    words: list[str] = []
    for number, cut in enumerate(cuts):
        size = cut.rendition.width, cut.rendition.height
        width = min(SIZE[0], SIZE[1] * size[0] // size[1]) // 2 * 2
        chains.append(
            f"[p{number}]crop={width}:{SIZE[1]},scale={size[0]}:{size[1]}:flags=bicubic[v{number}]"
        )
        options = encoders.output_options(encoders.software("h264"), cut.rendition, source.grid)
        words += ["-map", f"[v{number}]"]
        words += [word for name, value in options.items() for word in (f"-{name}", value)]
        words += ["-f", "mp4", str(cut.target)]
    program = str(get_tools().ffmpeg)
    return (program, "-v", "error", "-y", "-threads", "4", "-i", str(source.path),
            "-filter_complex", ";".join(chains), *words)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
