"""Which encoder a machine can use, found by encoding: a list of what was built in says nothing.

What a trial found is remembered for a while by this process. A run with a device needs
`environment(…)`, no bound on its address space (drivers reserve far more than they use), and the
device's nodes below /dev: docs/hardware.md.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from core.process import CancelToken
from core.renditions import Codec
from transcoders.encoders import Encoder, Hardware, hardware_encoders, least_side, named, software
from transcoders.tools import Tools
from transcoders.trials import Trial, environment, run_trial

__all__ = [
    "CODECS",
    "UNVERIFIED",
    "Choice",
    "Trial",
    "choose",
    "confirmed",
    "environment",
    "forget",
    "survey",
    "tried",
]

# We have run none of these on a device: doctor and docs/hardware.md say so.
UNVERIFIED: Final[frozenset[Hardware]] = frozenset(("nvenc", "qsv", "vaapi"))
CODECS: Final[tuple[Codec, ...]] = ("h264", "hevc", "av1")
DEVICES: Final = Path("/dev/dri")

REMEMBERED_SECONDS: Final = 600.0
# Sessions come free again.
BUSY_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Choice:
    """The encoder to use, and a line for each one that was passed over, for people."""

    encoder: Encoder
    notes: tuple[str, ...] = ()


def choose(
    tools: Tools,
    codec: Codec,
    *,
    hardware: bool = True,
    sessions: int = 1,
    smallest_side: int | None = None,
    cancel: CancelToken | None = None,
) -> Choice:
    """The first encoder that works here, of NVENC, Quick Sync and VAAPI; else the software one.

    `sessions` is how many pictures it is to encode at once, `smallest_side` the fewest pixels that
    a side of any of them has. Raises what `cancel` says.
    """
    notes: list[str] = []
    for encoder in hardware_encoders(codec) if hardware else ():
        if smallest_side is not None and smallest_side < least_side(encoder):
            notes.append(f"{encoder.name} was passed over: {smallest_side} pixels may be too few")
            continue
        trial = tried(tools, encoder, sessions=sessions, cancel=cancel)
        if trial.obstacle is None:
            return Choice(trial.encoder, (*notes, _untested(trial.encoder)))
        notes.append(f"{encoder.name} was passed over: {trial.obstacle}")
    return Choice(software(codec), tuple(notes))


def confirmed(
    tools: Tools, name: str, *, sessions: int = 1, cancel: CancelToken | None = None
) -> Choice:
    """An encoder that another machine chose, if it works on this one; else the software one."""
    encoder = named(name)
    if encoder.hardware is None:
        return Choice(encoder)
    trial = tried(tools, encoder, sessions=sessions, cancel=cancel)
    if trial.obstacle is None:
        return Choice(trial.encoder)
    note = f"{encoder.name} does not work on this machine: {trial.obstacle}"
    return Choice(software(encoder.codec), (note,))


def survey(tools: Tools, *, cancel: CancelToken | None = None) -> Iterator[Trial]:
    """A trial of every encoder that needs a device, for people; one that hangs is tried once."""
    hung: dict[Hardware, str] = {}
    for codec in CODECS:
        for encoder in hardware_encoders(codec):
            assert encoder.hardware is not None
            if encoder.hardware in hung:
                yield Trial(encoder, hung[encoder.hardware], hung=True)
                continue
            trial = tried(tools, encoder, cancel=cancel)
            if trial.hung:
                hung[encoder.hardware] = trial.obstacle or ""
            yield trial


_remembered: Final[dict[tuple[str, Encoder, int], tuple[float, Trial]]] = {}


def tried(
    tools: Tools, encoder: Encoder, *, sessions: int = 1, cancel: CancelToken | None = None
) -> Trial:
    """A trial of an encoder on each device that may have it, or what an earlier one found.

    Its encoder has the device that worked.
    """
    # Two files at least: that their parameter sets are equal is a part of the trial.
    sessions = max(2, sessions)
    key = (f"{tools.ffmpeg} {tools.digest}", encoder, sessions)
    until, trial = _remembered.get(key, (0.0, None))
    if trial is not None and time.monotonic() < until:
        return trial
    trial = _on_any_device(tools, encoder, sessions, cancel)
    life = BUSY_SECONDS if trial.busy else REMEMBERED_SECONDS
    _remembered[key] = (time.monotonic() + life, trial)
    return trial


def forget() -> None:
    """Try everything anew: a device came or went."""
    _remembered.clear()


def _on_any_device(
    tools: Tools, encoder: Encoder, sessions: int, cancel: CancelToken | None
) -> Trial:
    if encoder.hardware == "nvenc":
        return run_trial(tools, encoder, sessions, cancel)  # it looks at every device itself
    nodes = sorted(DEVICES.glob("renderD*"))
    if not nodes:
        return Trial(encoder, f"there is no device ({DEVICES}/renderD*)")
    trials: list[Trial] = []
    for node in nodes:
        trial = run_trial(tools, replace(encoder, device=str(node)), sessions, cancel)
        if trial.obstacle is None or trial.hung:
            return trial
        trials.append(trial)
    said = "; ".join(f"{trial.encoder.device}: {trial.obstacle}" for trial in trials)
    return Trial(encoder, said, busy=any(trial.busy for trial in trials))


def _untested(encoder: Encoder) -> str:
    assert encoder.hardware is not None
    if encoder.hardware not in UNVERIFIED:
        return f"{encoder.name} works on this machine"
    return f"{encoder.name} works on this machine; unverified: not run on a device by us"
