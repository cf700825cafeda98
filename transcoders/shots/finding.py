"""Cuts, dissolves and fades in a film of tiny frames. Runs in the child.

A cut is a change that stands out from those around it, after which the film does not go back (a
flash does). A fade is a picture that loses its contrast between two that differ. A dissolve is
linear in time: its middle is the mean of its ends, point by point, and a movement's is not.
Differences are of 255, in the mean over luma and both chroma planes; likeness is the correlation
of two lumas, -1 to 1, which brightness does not change.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from transcoders.shots.wanted import HEIGHT, WIDTH, Change

_Frames = npt.NDArray[np.uint8]
_Line = npt.NDArray[np.float32]

# These were chosen on the films of benchmarks/bench_shots.py: docs/decisions/0040-shots.md.
_CUT_STEP: Final = 3.0
_CUT_RATIO: Final = 2.0
_CUT_LIKENESS: Final = 0.85
_AROUND: Final = 3
_AROUND_SECONDS: Final = 0.1
_FLASH_FRAMES: Final = 5
_FLASH_PART: Final = 0.5

_DISSOLVE_SECONDS: Final = (0.25, 0.4, 0.65, 1.0, 1.5)
_DISSOLVE_CHANGE: Final = 8.0
_DISSOLVE_BENT: Final = 0.22
_DISSOLVE_LIKENESS: Final = 0.7
_DISSOLVE_STEP: Final = 0.4

_FADE_PART: Final = 0.3
_FADE_REACH_SECONDS: Final = 1.5
_FADE_LIKENESS: Final = 0.8
_LEAST_CONTRAST: Final = 6.0
_MOST_BLANK: Final = 3
_SUDDEN: Final = 0.5
_BLANK_CONTRAST: Final = 2.0

_LEAST_SECONDS: Final = 0.2
_BLOCK: Final = 4096


@dataclass(frozen=True, slots=True)
class _Film:
    """Tiny frames, how each differs from the one before, and the contrast of each."""

    frames: _Frames
    fps: float
    steps: _Line
    contrast: _Line

    def __len__(self) -> int:
        return len(self.frames)


def changes(frames: _Frames, fps: float) -> list[Change]:
    """Every change of shot, in order; `frames` has planes of `HEIGHT` by `WIDTH`."""
    film = _Film(frames, fps, _steps(frames), _contrasts(frames))
    fades = list(_fades(film))
    # Nothing in a dissolve is sudden: where there is a cut, something else moves evenly.
    cuts = _apart_from(list(_cuts(film)), fades)
    dissolves = _apart_from(list(_dissolves(film)), [*fades, *cuts])
    return _spaced(sorted([*fades, *cuts, *dissolves], key=lambda one: one.frame), film)


def _blocks(count: int) -> Iterator[slice]:
    return (slice(at, min(count, at + _BLOCK)) for at in range(0, count, _BLOCK))


def _steps(frames: _Frames) -> _Line:
    found = np.zeros(len(frames), dtype=np.float32)
    for part in _blocks(len(frames) - 1):
        one = frames[part].astype(np.int16)
        two = frames[part.start + 1 : part.stop + 1].astype(np.int16)
        found[part.start + 1 : part.stop + 1] = np.abs(two - one).mean(axis=(1, 2, 3))
    return found


def _contrasts(frames: _Frames) -> _Line:
    found = np.zeros(len(frames), dtype=np.float32)
    for part in _blocks(len(frames)):
        found[part] = frames[part][:, 0].astype(np.float32).std(axis=(1, 2))
    return found


def _difference(one: _Frames, two: _Frames) -> float:
    return float(np.abs(one.astype(np.int16) - two.astype(np.int16)).mean())


def _likeness(one: _Frames, two: _Frames) -> float:
    a, b = (each[0].astype(np.float64) - float(each[0].mean()) for each in (one, two))
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm > WIDTH * HEIGHT else 0.0


# --- Cuts


def _cuts(film: _Film) -> Iterator[Change]:
    steps = film.steps
    # Films that were made faster repeat frames: a movement then has steps with stills between.
    around = max(_AROUND, round(_AROUND_SECONDS * film.fps))
    for at in np.nonzero(steps > _CUT_STEP)[0].tolist():
        near = np.concatenate((steps[max(1, at - around) : at], steps[at + 1 : at + around + 1]))
        ratio = float(steps[at]) / max(1.0, float(near.max()) if len(near) else 1.0)
        if ratio < _CUT_RATIO:
            continue
        before, after = film.frames[at - 1], film.frames[at]
        if _likeness(before, after) > _CUT_LIKENESS or _goes_back(film, at):
            continue
        yield Change(at, at, at, "cut", round(ratio / (ratio + _CUT_RATIO), 3))


def _goes_back(film: _Film, at: int) -> bool:
    """Whether the film soon shows what it showed before, or did and now shows it again."""
    step = float(film.steps[at]) * _FLASH_PART
    before, after = film.frames[at - 1], film.frames[at]
    later = range(at + 1, min(len(film), at + _FLASH_FRAMES + 1))
    earlier = range(max(0, at - 1 - _FLASH_FRAMES), at - 1)
    return any(_difference(before, film.frames[each]) < step for each in later) or any(
        _difference(film.frames[each], after) < step for each in earlier
    )


# --- Fades


def _fades(film: _Film) -> Iterator[Change]:
    reach = max(2, round(_FADE_REACH_SECONDS * film.fps))
    contrast = film.contrast
    begin = 0
    while begin < len(film):
        if contrast[begin] >= _dip(film, begin, reach):
            begin += 1
            continue
        end = begin
        while end < len(film) and contrast[end] < _dip(film, end, reach):
            end += 1
        low = begin + int(contrast[begin:end].argmin())
        found = _fade(film, begin, end, low, reach)
        if found is not None:
            yield found
        begin = max(end, begin + 1)


def _dip(film: _Film, at: int, reach: int) -> float:
    """Below which contrast a frame is faded: against what is around it, on both sides."""
    before = film.contrast[max(0, at - reach) : at + 1].max()
    after = film.contrast[at : at + reach + 1].max()
    both = min(float(before), float(after))
    # A long black has nothing near it; it is what is left of a picture wherever it is.
    return max(_LEAST_CONTRAST / 2, _FADE_PART * both)


def _fade(film: _Film, begin: int, end: int, low: int, reach: int) -> Change | None:
    contrast = film.contrast
    before, after = max(0, begin - reach), min(len(film), end + reach)
    if begin - before < 2 or after - end < 2:
        return None
    left = before + int(contrast[before:begin].argmax())
    right = end + int(contrast[end:after].argmax())
    level = min(float(contrast[left]), float(contrast[right]))
    if level < _LEAST_CONTRAST:
        return None
    # A cut to a picture with little in it is a cut.
    sudden = float(contrast[begin - 1] - contrast[begin]) > _SUDDEN * level
    if sudden and float(contrast[low]) > _BLANK_CONTRAST:
        return None
    first = _rising(contrast, begin, left)
    last = _rising(contrast, end - 1, right)
    if _likeness(film.frames[first], film.frames[last]) > _FADE_LIKENESS:
        return None
    if last - first <= _MOST_BLANK:
        # A blank frame or two where films were joined.
        return Change(end, end, end, "cut", 1.0)
    middle = (begin + end) // 2
    depth = float(contrast[low]) / level
    return Change(middle, first, last, "fade", round(max(0.5, 1 - depth), 3))


def _rising(contrast: _Line, at: int, towards: int) -> int:
    """How far from a dip the contrast rises steadily; that is as long as a fade takes."""
    step = 1 if towards > at else -1
    here = at
    while here != towards and contrast[here + step] >= contrast[here] - 0.5:
        here += step
        if contrast[here] >= 0.95 * contrast[towards]:
            break
    return here


# --- Dissolves


def _dissolves(film: _Film) -> Iterator[Change]:
    found: list[tuple[float, int, int]] = []
    for seconds in _DISSOLVE_SECONDS:
        half = max(3, round(seconds * film.fps / 2))
        if 2 * half + 1 > len(film):
            break
        found += _linear(film, half)
    found.sort(reverse=True)
    taken: list[tuple[int, int]] = []
    for score, at, half in found:
        begin, end = at - half, at + half
        if any(begin <= other_end and end >= other for other, other_end in taken):
            continue
        begin, end = _whole(film, begin, end)
        taken.append((begin, end))
        yield Change((begin + end) // 2, begin, end, "dissolve", round(min(1.0, score), 3))


def _linear(film: _Film, half: int) -> Iterator[tuple[float, int, int]]:
    """(score, middle, half) of what changes in a straight line over twice `half` frames."""
    count = len(film) - 2 * half
    quarter = half // 2
    for part in _blocks(count):
        one, early, here, late, two = (
            film.frames[part.start + by : part.stop + by].astype(np.int16)
            for by in (0, half - quarter, half, half + quarter, 2 * half)
        )
        change = np.abs(two - one).mean(axis=(1, 2, 3))
        bent = np.abs(2 * here - one - two).mean(axis=(1, 2, 3)) / 2
        inner = np.abs(2 * here - early - late).mean(axis=(1, 2, 3)) / 2
        moved = np.abs(late - early).mean(axis=(1, 2, 3))
        fit = (change > _DISSOLVE_CHANGE) & (bent < _DISSOLVE_BENT * change)
        fit &= inner < _DISSOLVE_BENT * np.maximum(moved, 1.0)
        # What is still at one end has ended, and what happens in the middle alone is a cut.
        fit &= moved > 0.3 * change
        fit &= moved < 0.75 * change
        for place in np.nonzero(fit)[0].tolist():
            at = part.start + place + half
            like = _likeness(film.frames[at - half], film.frames[at + half])
            faint = min(film.contrast[at - half], film.contrast[at + half]) < _LEAST_CONTRAST
            # From or to a picture without contrast: the film's first or last fade.
            # One step that is most of the way is a cut within something that moves evenly.
            steps = film.steps[at - half : at + half + 2]
            sudden = float(steps.max()) > _DISSOLVE_STEP * float(change[place])
            if like < _DISSOLVE_LIKENESS and not faint and not sudden:
                straight = 1 - float(bent[place] / change[place]) / (2 * _DISSOLVE_BENT)
                yield straight * min(1.0, float(change[place]) / 30 + 0.5), at, half


def _whole(film: _Film, begin: int, end: int) -> tuple[int, int]:
    """From where to where a dissolve lasts: while the film changes as fast as in its middle."""
    usual = float(np.median(film.steps[begin + 1 : end + 1])) * 0.5
    most = end - begin
    first, last = begin, end
    while first > max(0, begin - most) and film.steps[first] > usual:
        first -= 1
    while last + 1 < min(len(film), end + most) and film.steps[last + 1] > usual:
        last += 1
    return first, last


# --- Together


def _apart_from(some: Sequence[Change], others: Sequence[Change]) -> list[Change]:
    """Those that lie within none of the others."""
    return [
        one
        for one in some
        if not any(one.begin <= other.end + 1 and one.end >= other.begin for other in others)
    ]


def _spaced(order: Sequence[Change], film: _Film) -> list[Change]:
    """Without changes that follow another at once, and none at the film's own ends."""
    least = max(2, round(_LEAST_SECONDS * film.fps))
    kept: list[Change] = []
    for one in order:
        if not least <= one.frame <= len(film) - least:
            continue
        if kept and one.frame - kept[-1].frame < least:
            if one.score > kept[-1].score:
                kept[-1] = one
            continue
        kept.append(one)
    return kept
