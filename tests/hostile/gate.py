"""One way through the gate for every hostile file, watched: probe, then decode as encoding does."""

import resource
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import psutil

from core.errors import Rejected
from core.media import Probe
from pipeline.plan import plan
from pipeline.plan.video import timing
from transcoders.containers import recognised
from transcoders.ffmpeg import Bounds, ToolFailed, execute, input_arguments
from transcoders.probe import probe
from transcoders.tools import get_tools

_MOST_FRAMES: Final = 12 * 3600 * 60
_DECODING: Final = Bounds(wall_seconds=60, cpu_seconds=30, memory_bytes=4 << 30)


@dataclass(frozen=True)
class Passage:
    """What became of a file: a probe or a reason; all that was said; the children's seconds."""

    probe: Probe | None
    reason: str | None
    said: tuple[str, ...]
    cpu_seconds: float
    peak_bytes: int


@cache
def _aside() -> ProcessPoolExecutor:
    """A small process that starts the children: to the kernel, a child has its parent's memory."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def measured(path: Path) -> Passage:
    """The same, where nothing else is in what the children are said to have taken."""
    return _aside().submit(passed, path).result()


def passed(path: Path) -> Passage:
    """Probe a file; where it is taken, decode its first seconds, too."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found, reason, said = None, None, []
    try:
        found = probe(path, get_tools())
        said.append(found.model_dump_json())
    except Rejected as error:
        reason = str(error)
        said += [reason, error.detail or ""]
    if found:
        # What is taken can be planned: no time, rate or size in it breaks what is built on it.
        assert 0 < timing(found)[0].frames <= _MOST_FRAMES
        assert plan("video", found).stages
        said += decoded(path, found)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert not left_over(path)
    return Passage(found, reason, tuple(said), seconds, after.ru_maxrss * 1024)


def decoded(path: Path, found: Probe) -> list[str]:
    """Decode the first seconds of picture and sound to very little; what was said about it."""
    sound = ("-map", "0:a?") if found.audio else ()
    argv = (
        str(get_tools().ffmpeg), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error",
        "-threads", "4", *input_arguments(path, recognised(path), probe=found), "-t", "2",
        "-map", f"0:{found.video[0].index}", *sound, "-dn", "-sn",
        "-vf", "fps=25,scale=16:16", "-c:v", "rawvideo", "-f", "framecrc", "-",
    )  # fmt: skip
    try:
        done = execute(argv, bounds=_DECODING)
    except (Rejected, ToolFailed) as error:
        return [str(error), error.detail or ""]
    return [done.stdout.decode(errors="replace"), done.stderr_tail]


def left_over(path: Path) -> list[str]:
    """Processes that still work on a file."""
    lines = (" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"]))
    return [line for line in lines if str(path) in line]


def assert_plain(reason: str, path: Path) -> None:
    """One clear line for people: no path, no noise of ffmpeg's."""
    assert reason
    assert len(reason) <= 200
    assert reason.isprintable()
    for noise in (str(path.parent), path.name, "0x", "@", "ffmpeg", "ffprobe", "Error", "["):
        assert noise not in reason
