"""Running ffmpeg's programs on outside bytes: how inputs are given, and what failures mean."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import Rejected, Retryable
from core.media import Probe
from core.process import CancelToken, Completed, Limits, run
from transcoders.containers import Container
from transcoders.decoders import needed, whitelist

# A picture or a playlist that calls itself a video must not open anything else.
_PROTOCOLS: Final = "file"

MAX_STREAMS: Final = 64
# An 8K picture fits.
MAX_PIXELS: Final = 8192 * 4608

# These are the defaults, but they are what keeps a QuickTime file from naming other files.
_DEMUXER_OPTIONS: Final = {
    "mov": ("-enable_drefs", "0", "-use_absolute_path", "0", "-ignore_chapters", "1"),
}

# What ffmpeg says when the bytes are at fault, and what we say.
_INPUT_FAULTS: Final = (
    ("max_streams", f"the file has more than {MAX_STREAMS} streams"),
    ("max_pixels", "the picture's size is out of bounds"),
    ("moov atom not found", "the file is damaged or was cut short"),
    ("partial file", "the file is damaged or was cut short"),
    ("Invalid data found when processing input", "the file is damaged or no video"),
    ("could not find codec parameters", "the file is damaged or no video"),
    ("EBML header parsing failed", "the file is damaged or no video"),
    ("End of file", "the file is damaged or was cut short"),
    # Streams are named from the probe: one without packets was never written.
    ("matches no streams", "nothing of the picture could be decoded"),
    ("Picture size", "the picture's size is out of bounds"),
    ("Invalid frame dimensions", "the picture's size is out of bounds"),
)
_NOISE: Final = re.compile(r"\[[^\]]*@ 0x[0-9a-f]+\]\s*")


# The machine is at fault: the file went away, the disk failed, or the sandbox could not be built.
_MACHINE_FAULTS: Final = (
    "No such file or directory",
    "Input/output error",
    "Resource temporarily unavailable",
    "received signal",
    "unshare:",
    "setpriv:",
    "prlimit:",
)


class ToolFailed(Retryable):
    """The program ended by itself, in failure, and nothing says that the machine was at fault."""

    code = "tool_failed"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What decoding one file may use at most."""

    wall_seconds: float
    memory_bytes: int | None
    cpu_seconds: int | None = None
    scratch_bytes: int | None = None
    output_bytes: int = 4 << 20

    def limits(self) -> Limits:
        """As limits of a child process."""
        return Limits(
            wall_seconds=self.wall_seconds,
            cpu_seconds=self.cpu_seconds,
            memory_bytes=self.memory_bytes,
            file_bytes=self.scratch_bytes,
            output_bytes=self.output_bytes,
        )


def input_arguments(
    path: Path, container: Container | None = None, *, probe: Probe | None = None
) -> tuple[str, ...]:
    """How an untrusted file is given to ffmpeg or ffprobe, with the least that reading it needs.

    The demuxer is fixed from the first bytes, so that ffmpeg's own guess (which would follow
    playlists, concat scripts and session descriptions) never runs; `file:` stops a name such as
    `concat:a|b` from being read as a protocol. With `probe` only the decoders of that file's own
    pictures and tracks may run.
    """
    forced: tuple[str, ...] = ()
    if container:
        forced = (
            "-f", container.demuxer, "-format_whitelist", container.names,
            "-codec_whitelist", needed(probe) if probe else whitelist(),
            "-max_streams", str(MAX_STREAMS + 1),
            # A picture may grow in the middle of a file, long after it was probed.
            "-max_pixels", str(MAX_PIXELS),
            *_DEMUXER_OPTIONS.get(container.demuxer, ()),
        )  # fmt: skip
    return ("-protocol_whitelist", _PROTOCOLS, *forced, "-i", f"file:{path.absolute()}")


def execute(
    argv: Sequence[str],
    *,
    bounds: Bounds,
    scratch: Path | None = None,
    cancel: CancelToken | None = None,
    on_stdout_line: Callable[[str], None] | None = None,
    env: Mapping[str, str] | None = None,
) -> Completed:
    """Run ffmpeg or ffprobe to success; `env` is what drivers of devices need to be told.

    Raises Rejected where the input is at fault, ToolFailed where it probably is, Retryable else.
    """
    done = run(
        argv,
        limits=bounds.limits(),
        cancel=cancel,
        on_stdout_line=on_stdout_line,
        scratch=scratch,
        scratch_bytes=bounds.scratch_bytes,
        env=env,
    )
    if done.returncode != 0:
        raise failure(done)
    return done


def failure(done: Completed) -> Rejected | Retryable:
    """The error for a run that did not return 0."""
    tail = done.stderr_tail
    lines = [_NOISE.sub("", line).strip() for line in tail.splitlines()]
    said = next((line for line in reversed(lines) if line), f"it ended with {done.returncode}")
    reason = f"ffmpeg failed: {said[:200]}"
    if any(mark in tail for mark in _MACHINE_FAULTS):
        return Retryable(reason, detail=tail)
    for mark, meaning in _INPUT_FAULTS:
        if mark in tail:
            return Rejected(meaning, detail=tail)
    if done.returncode < 0:
        return Retryable(reason, detail=tail)
    return ToolFailed(reason, detail=tail)


class Progress:
    """Turns the lines of `-progress pipe:1` into a rising fraction of 0 to 1."""

    def __init__(self, duration_seconds: float, report: Callable[[float], None]) -> None:
        """`report` is called only when the fraction has risen."""
        self._duration, self._report, self._reached = duration_seconds, report, 0.0

    def line(self, line: str) -> None:
        """Take one line in."""
        name, _, value = line.strip().partition("=")
        if name == "out_time_us" and value.lstrip("-").isdigit() and self._duration > 0:
            self._rise(min(int(value) / 1e6 / self._duration, 0.999))
        elif name == "progress" and value == "end":
            self._rise(1.0)

    def _rise(self, fraction: float) -> None:
        if fraction > self._reached:
            self._reached = fraction
            self._report(fraction)
