"""How loud sound is, and by how much to turn it: EBU R128, read and decided purely.

Loudness is in LUFS, integrated over the whole; peaks are true peaks, between the samples, in dBTP
(ITU-R BS.1770-5, annex 2). ffmpeg's meter tells both in steps of 0.1.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

TARGET: Final = -14.0
"""What the networks play at: louder sound is turned down there, quieter sound stays quieter."""
TOLERANCE: Final = 0.5
PEAK_LIMIT: Final = -1.0
SILENCE: Final = -55.0
"""Below it there is nothing to hear but noise, which must not be made loud."""

# The meter's steps, so that what is rounded to the limit is not above it.
_STEP: Final = 0.05
# A lossy encoder overshoots: this much below the limit its output stays below it as a rule.
_CEILING: Final = PEAK_LIMIT - 0.5
# The limiter goes no lower than -24.
_LOWEST_CEILING: Final = -20.0
# Above this many dB of limiting the loudness that is lost cannot be guessed: it is measured first.
_SURE_LIMITING: Final = 6.0
# Below that, speech and music lose about so much for each dB; it is never wrong by the tolerance.
_LOST, _MOST_FORESEEN = 0.06, 0.3
# What a dB of gain gives into a limiter, before two tries have told.
_SLOPE: Final = 0.7
# Below this, further gain only makes what is between the peaks louder.
_LEAST_SLOPE: Final = 0.15
_LONGEST_STEP: Final = 12.0
# The meter rounds: a smaller step tells nothing of the slope.
_TELLING_STEP: Final = 0.5


@dataclass(frozen=True, slots=True)
class Loudness:
    """What was heard. None where nothing was loud or long enough to be counted (0.4 s)."""

    integrated: float | None
    true_peak: float | None

    @property
    def audible(self) -> bool:
        """Whether there is anything whose loudness could be set."""
        return self.integrated is not None and self.integrated >= SILENCE

    @property
    def peak(self) -> float:
        """The true peak as a number, minus infinity for digital silence."""
        return self.true_peak if self.true_peak is not None else -math.inf


@dataclass(frozen=True, slots=True)
class Gain:
    """One constant gain in dB, and the true peak above which a limiter holds; None is without."""

    db: float
    ceiling: float | None = None


@dataclass(frozen=True, slots=True)
class Try:
    """A gain, and what was heard with it."""

    gain: Gain
    heard: Loudness

    @property
    def error(self) -> float:
        """By how many dB it is too quiet; 0 where there is nothing to hear."""
        return TARGET - self.heard.integrated if self.heard.integrated is not None else 0.0

    @property
    def over(self) -> float:
        """By how many dB its peaks are above the limit, counted from where rounding hides it."""
        return self.heard.peak - (PEAK_LIMIT - _STEP)


def read_loudness(said: str) -> Loudness:
    """The last summary of ffmpeg's `ebur128=peak=true`; ValueError where there is none."""
    _, mark, summary = said.rpartition("Summary:")
    integrated, peak = _INTEGRATED.search(summary), _PEAK.search(summary)
    if not mark or integrated is None or peak is None:
        raise ValueError("the loudness meter said nothing")
    loud, high = float(integrated[1]), float(peak[1])
    # The meter's word for "nothing passed the gate" is the gate itself.
    return Loudness(
        loud if math.isfinite(loud) and loud > _GATE else None,
        high if math.isfinite(high) else None,
    )


_GATE: Final = -70.0
_INTEGRATED: Final = re.compile(r"\bI:\s+(\S+) LUFS")
_PEAK: Final = re.compile(r"\bPeak:\s+(\S+) dBFS")


def first_gain(source: Loudness) -> Gain:
    """The gain to begin with: to the target; none for silence, unless its peaks are too high."""
    if not source.audible or source.integrated is None:
        return Gain(_rounded(_CEILING - source.peak) if source.peak > PEAK_LIMIT else 0.0)
    db = TARGET - source.integrated
    limited = source.peak + db - _CEILING
    if limited <= 0:
        return Gain(_rounded(db))
    return Gain(_rounded(db + min(_MOST_FORESEEN, _LOST * limited)), _CEILING)


def needs_rehearsal(source: Loudness, gain: Gain) -> bool:
    """Whether so much is limited that the loudness is to be found before anything is encoded."""
    return gain.ceiling is not None and source.peak + gain.db - gain.ceiling > _SURE_LIMITING


def next_gain(source: Loudness, tried: Sequence[Try], within: float = TOLERANCE) -> Gain | None:
    """A better gain than the last one tried; None where that is good, or none is better."""
    last = tried[-1]
    gain, ceiling = last.gain, last.gain.ceiling
    if last.over > 0:
        # Without a limiter the encoder itself made the peak: hold what goes in by as much more.
        before = source.peak + gain.db if ceiling is None else ceiling
        ceiling = _rounded(max(_LOWEST_CEILING, before - last.over - 2 * _STEP))
    error = last.error if source.audible else 0.0
    if abs(error) <= within - 2 * _STEP:
        return Gain(gain.db, ceiling) if last.over > 0 else None
    slope = _slope(tried)
    if slope < _LEAST_SLOPE and error > 0:
        return Gain(gain.db, ceiling) if last.over > 0 else None
    step = error / max(slope, _LEAST_SLOPE)
    step = max(-_LONGEST_STEP, min(_LONGEST_STEP, step))
    db = _rounded(gain.db + step)
    if ceiling is None and source.peak + db > _CEILING:
        ceiling = _CEILING
    return Gain(db, ceiling)


def _slope(tried: Sequence[Try]) -> float:
    """How many dB of loudness a dB of gain gives, from two tries below one ceiling: 0 to 1."""
    if tried[-1].gain.ceiling is None:
        return 1.0
    for one, other in reversed(list(pairwise(tried))):
        gained = other.gain.db - one.gain.db
        if one.gain.ceiling == other.gain.ceiling and abs(gained) >= _TELLING_STEP:
            return max(0.0, min(1.0, (one.error - other.error) / gained))
    return _SLOPE


def best(tried: Sequence[Try]) -> Try:
    """The try to keep: within the peaks; then the closest; of about equals the least gain."""
    within = [each for each in tried if each.over <= 0]
    if not within:
        return min(tried, key=lambda each: each.over)
    closest = min(abs(each.error) for each in within)
    about = [each for each in within if abs(each.error) <= closest + 4 * _STEP]
    return min(about, key=lambda each: each.gain.db)


def shortfall(source: Loudness, seconds: float, made: Try) -> str | None:
    """Why the loudness is not the target, for people; None where it is."""
    if source.integrated is None and seconds < _BLOCK_SECONDS:
        return "too short to have a loudness: left as it is"
    if not source.audible:
        return "silence: left as it is"
    if made.heard.peak > PEAK_LIMIT:
        return f"its true peaks are at {made.heard.peak} dBTP, above {PEAK_LIMIT}"
    if made.error > TOLERANCE:
        return f"its peaks allow no more than {made.heard.integrated} LUFS"
    if made.error < -TOLERANCE:
        return f"it could be brought to no less than {made.heard.integrated} LUFS"
    return None


_BLOCK_SECONDS: Final = 0.4


def _rounded(value: float) -> float:
    return round(value, 2)
