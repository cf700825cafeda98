"""Asking ffprobe about one file, within bounds: it writes nothing and opens nothing else."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from core.errors import Rejected
from core.process import CancelToken, Completed
from transcoders.containers import Container
from transcoders.decoders import listing_arguments
from transcoders.ffmpeg import ToolFailed, execute, input_arguments
from transcoders.packets import PacketReader
from transcoders.streams import ProbeLimits
from transcoders.tools import Tools

_NOT_TAKEN: Final = re.compile(r"Codec \(([\w.]+)\) not on whitelist")
_DAMAGED: Final = "the file is damaged or no video"


@dataclass(frozen=True, slots=True)
class Ffprobe:
    """One file, and who asks. Every question raises Rejected, LimitReached or Cancelled.

    All questions together have the wall time that the limits allow, which begins with the first.
    """

    path: Path
    container: Container
    tools: Tools
    limits: ProbeLimits
    cancel: CancelToken | None = None
    began: float = field(default_factory=time.monotonic)

    def show(self) -> Mapping[str, Any]:
        """Its answer about the file and all streams, as parsed from JSON."""
        done = self._run("-show_format", "-show_streams", "-of", "json")
        said = done.stderr_tail
        if "Picture size" in said or "max_pixels" in said:
            raise Rejected("the picture's size is out of bounds", detail=said)
        if "max_streams" in said:
            raise Rejected(f"the file has more than {self.limits.streams} streams", detail=said)
        try:
            seen = json.loads(done.stdout)
        except ValueError as error:
            raise Rejected(_DAMAGED, detail=said) from error
        if not isinstance(seen, dict) or "format" not in seen:
            raise Rejected(_DAMAGED, detail=said)
        return seen

    def packets(self, *, stream: int | None = None, intervals: str | None = None) -> PacketReader:
        """Packets of one stream or of all, in some stretches or throughout."""
        reader = PacketReader()
        self._run(
            *_part(stream, intervals),
            "-show_entries",
            "packet=stream_index,pts_time,duration_time,pos,flags:packet_side_data=side_data_type",
            "-of", "csv=p=0",
            on_line=reader.line,
        )  # fmt: skip
        return reader

    def interlaced(self, *, stream: int, intervals: str, keys: bool) -> tuple[bool, ...]:
        """Of each decoded frame, or only of keyframes, whether it is made of two fields."""
        frames = ("-show_entries", "frame=interlaced_frame", "-of", "csv=p=0")
        # What the picture looks like does not matter.
        rough: tuple[str, ...] = ("-threads", "1", "-skip_loop_filter", "all", "-skip_idct", "all")
        if keys:
            rough = (*rough, "-skip_frame", "nokey")
        done = self._run(*_part(stream, intervals), *rough, *frames)
        lines = done.stdout.decode(errors="replace").splitlines()
        return tuple(line.startswith("1") for line in lines if line[:1] in ("0", "1"))

    def _run(self, *options: str, on_line: Callable[[str], None] | None = None) -> Completed:
        argv = (
            str(self.tools.ffprobe), "-v", "error", "-hide_banner",
            *input_arguments(self.path, self.container),
            # Of an option that is given twice the later one holds.
            "-max_streams", str(self.limits.streams + 1), "-max_pixels", str(self.limits.pixels),
            *listing_arguments(), *options,
        )  # fmt: skip
        bounds = self.limits.bounds
        left = max(0.0, self.began + bounds.wall_seconds - time.monotonic())
        bounds = replace(bounds, wall_seconds=left)
        try:
            return execute(argv, bounds=bounds, cancel=self.cancel, on_stdout_line=on_line)
        except ToolFailed as error:
            # It writes nothing: where it fails by itself, the file is at fault.
            raise Rejected(_why(error.detail or ""), detail=error.detail) from error


def _part(stream: int | None, intervals: str | None) -> tuple[str, ...]:
    chosen = ("-select_streams", str(stream)) if stream is not None else ()
    return (*chosen, "-read_intervals", intervals) if intervals else chosen


def _why(said: str) -> str:
    """What to tell people: the stream that could not be opened is the last that was named."""
    codecs = _NOT_TAKEN.findall(said)
    if codecs:
        return f"the file has a stream in a format that we do not take: {codecs[-1]}"
    return _DAMAGED
