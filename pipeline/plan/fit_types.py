"""What fitting a film to a network takes and gives: each goes through JSON."""

from enum import StrEnum
from typing import Final, Literal

from pydantic import Field

from core.media import Probe
from core.renditions import Frame, Grid
from pipeline.plan.networks.types import MediaFacts, Violation
from pipeline.plan.types import Value

FIT: Final = "fit"


class FitChoices(Value):
    """What the caller decides. Nothing of a film is cut off at its end unless `trim` says so.

    `focus_x` and `focus_y` are where a crop looks, as parts of width and height.
    """

    shape: Literal["pad", "crop"] = "pad"
    """How a film gets another shape: with bars around it, or without what is outside."""
    trim: bool = False
    focus_x: float = Field(default=0.5, ge=0, le=1)
    focus_y: float = Field(default=0.5, ge=0, le=1)
    background: str = Field(default="#000000", pattern=r"^#[0-9a-fA-F]{6}$")
    """The colour of bars."""


class FitOptions(Value):
    """A network's name, the kind of thing that it is to become there, and the choices."""

    network: str
    kind: str
    choices: FitChoices = FitChoices()


class Action(StrEnum):
    """What has to be done to a film, from nothing to everything."""

    KEEP = "keep"
    """It is taken as it is."""
    REMUX = "remux"
    """Picture and sound stay as they are, in another container or another order."""
    SOUND = "sound"
    """The picture stays as it is, and the sound is encoded again."""
    ENCODE = "encode"
    """Picture and sound are encoded again."""


class Picture(Value):
    """How the picture is encoded: bits a second at the peak, under a constant quality.

    `filled` asks for the peak throughout, with bytes of no meaning where the picture needs fewer:
    some networks refuse files for being small. `hold_frames` repeats the last frame that often.
    """

    frame: Frame
    grid: Grid
    hold_frames: int
    crf: float
    peak_bitrate: int
    filled: bool = False


class Sound(Value):
    """How the sound is encoded: AAC-LC."""

    channels: int
    sample_rate: int
    bitrate: int


class Step(Value):
    """One thing that is done, in a line for people; `fact` is the one of the file that changes."""

    fact: str
    line: str


class FitPlan(Value):
    """What a network would refuse of a film, and what makes it take it.

    `blocked` are the violations that nothing may mend: then there is no file. `picture` is None
    where the picture is copied, `sound` where the sound is copied or there is none.
    """

    network: str
    kind: str
    facts: MediaFacts
    refused: tuple[Violation, ...]
    blocked: tuple[Violation, ...] = ()
    action: Action
    steps: tuple[Step, ...] = ()
    picture: Picture | None = None
    sound: Sound | None = None


class FitResult(Value):
    """What was done, in `tries` attempts, and the facts of the file that is taken.

    `notes` say what was tried and did not do. Times are in seconds.
    """

    plan: FitPlan
    facts: MediaFacts
    probe: Probe
    tries: int
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    cpu_seconds: float = 0.0
