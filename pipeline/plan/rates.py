"""What the content needs of the ladder, from what samples of it told. Pure.

Constant quality under a peak already gives easy content fewer bits. What is left to decide is which
rungs nobody would miss: tops that show no more than the one below, small ones of content that takes
little at a larger size, and ones that take hardly less than their neighbour. How the numbers were
found is in docs/decisions/0007-content-aware-rates.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from core.renditions import Rendition
from pipeline.plan.samples import LEAST_SAMPLES, first_codec, small_size
from pipeline.plan.video_types import Decision

# Bits grow with pixels to this power, where they were not measured at two sizes; and its bounds
# below the top, where noise does not reach.
_POWER: Final = 0.75
_LEAST_POWER, _MOST_POWER = 0.55, 0.8
# A smaller size loses nothing at this likeness and above, with this difference, of 255, and less
# in the worst blocks. Enlarged films have 0.9976 and 2.3, the softest of sharp ones 0.9963 and 2.5.
_LEAST_SSIM: Final = 0.9965
_MOST_BLURRED: Final = 3.0
# What is left of a picture with no detail must not be small.
_LEAST_TOP: Final = 480
# Players step between rates that are 1.5 to 2 times apart (Apple's HLS authoring specification).
_STEP: Final = 1.35
# Where fixed ladders have their smallest rungs: who could play those can play this.
LOW_BITRATE: Final = 400_000
# A rung that stands in for smaller ones may not rise far above what was seen of it.
_HEADROOM: Final = 2.5


@dataclass(frozen=True, slots=True)
class Detail:
    """What a smaller size would lose: likeness 0 to 1, difference 0 to 32 in the worst blocks."""

    ssim: float
    blurred: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What one sample told: bits a second of the small size, without a peak.

    `top_ratio` is how many times those the top takes; `details` are by the smaller size's lines.
    """

    bitrate: float
    top_ratio: float | None = None
    details: Mapping[int, Detail] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Needs:
    """Bits a second that each rung would take without a peak, by its lines."""

    mean: Mapping[int, float]
    busiest: Mapping[int, float]


def held_against_top(ladder: Sequence[Rendition]) -> tuple[Rendition, ...]:
    """The renditions that may be all that a picture needs, and the small one that never is."""
    small = small_size(ladder)
    return tuple(one for one in first_codec(ladder)[1:] if one.rung >= _LEAST_TOP or one is small)


def needs(ladder: Sequence[Rendition], samples: Sequence[Seen]) -> Needs:
    """What each rung is expected to take, from at least one sample."""
    rungs = first_codec(ladder)
    small, top = small_size(rungs), rungs[0]
    ratio = _top_ratio(samples)
    power = _POWER
    if ratio and _pixels(top) > _pixels(small):
        measured = math.log(ratio) / math.log(_pixels(top) / _pixels(small))
        power = max(_LEAST_POWER, min(_MOST_POWER, measured))
    factors = {one.rung: (_pixels(one) / _pixels(small)) ** power for one in rungs}
    if ratio:
        factors[top.rung] = ratio
    rates = [one.bitrate for one in samples]
    mean, most = sum(rates) / len(rates), max(rates)
    return Needs(
        {rung: mean * factor for rung, factor in factors.items()},
        {rung: most * factor for rung, factor in factors.items()},
    )


def _top_ratio(samples: Sequence[Seen]) -> float | None:
    both = [(one.bitrate, one.top_ratio) for one in samples if one.top_ratio]
    bits = sum(bitrate for bitrate, _ in both)
    return sum(bitrate * ratio for bitrate, ratio in both) / bits if bits else None


def _pixels(rendition: Rendition) -> int:
    return rendition.width * rendition.height


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of a rung of every codec: the part of its peak that is left, 0 for none."""

    reason: str
    peak: float = 1.0

    @property
    def action(self) -> Literal["keep", "cap", "drop"]:
        """In the words of a decision."""
        if self.peak == 0:
            return "drop"
        return "cap" if self.peak < 1 else "keep"


def decide(
    ladder: Sequence[Rendition], samples: Sequence[Seen]
) -> tuple[tuple[Rendition, ...], tuple[Decision, ...]]:
    """The ladder to make and what became of each rendition, in the order of the ladder.

    All are kept as they are unless enough samples show a picture: a black one would need neither
    bits nor detail.
    """
    rungs = first_codec(ladder)
    fates = {one.rung: _Fate("the content was not looked at") for one in rungs}
    expected: Mapping[int, float] = {}
    if samples:
        needed = needs(rungs, samples)
        expected = needed.mean
        fates = {one.rung: _Fate(_kept(one, needed)) for one in rungs}
        shown = sum(_shows(one, small_size(rungs)) for one in samples) >= LEAST_SAMPLES
        if shown:
            kept = _detailed(rungs, samples, fates)
            kept = _far_enough_down(kept, rungs[-1], needed, fates)
            _apart(kept, needed, fates)
    left, decisions = [], []
    for one in ladder:
        fate = fates[one.rung]
        need = expected.get(one.rung) if one.codec == ladder[0].codec else None
        decisions.append(
            Decision(
                rendition=one.name,
                action=fate.action,
                reason=fate.reason,
                bitrate=None if need is None else round(min(need, one.peak_bitrate)),
            )
        )
        if fate.peak > 0:
            peak = round(one.peak_bitrate * fate.peak)
            left.append(one.model_copy(update={"peak_bitrate": peak}))
    return tuple(left), tuple(decisions)


def _kept(rung: Rendition, needed: Needs) -> str:
    need, peak = needed.mean[rung.rung], rung.peak_bitrate
    if need >= peak:
        return f"it would take {_kb(need)} and is held at its peak of {_kb(peak)}"
    return f"it takes about {_kb(need)}"


def _shows(sample: Seen, small: Rendition) -> bool:
    """Whether there is any detail that the small size would lose."""
    detail = sample.details.get(small.rung)
    return detail is not None and not _enough(detail)


def _enough(detail: Detail) -> bool:
    return detail.ssim >= _LEAST_SSIM and detail.blurred <= _MOST_BLURRED


def _detailed(
    rungs: Sequence[Rendition], samples: Sequence[Seen], fates: dict[int, _Fate]
) -> Sequence[Rendition]:
    """Without the tops that show no more than the rung below, in any sample."""
    kept = list(rungs)
    for below in [one for one in rungs[1:] if one.rung >= _LEAST_TOP]:
        details = [one.details.get(below.rung) for one in samples]
        worst = Detail(
            min(one.ssim if one else 0.0 for one in details),
            max(one.blurred if one else 255.0 for one in details),
        )
        if not _enough(worst):
            break
        top = kept.pop(0)
        fates[top.rung] = _Fate(
            f"the picture has no detail beyond {below.name}: made that small and large again it "
            f"is the same (SSIM {worst.ssim:.4f}; the worst blocks differ by {worst.blurred:.1f} "
            "of 255)",
            peak=0,
        )
    return kept


def _far_enough_down(
    rungs: Sequence[Rendition], smallest: Rendition, needed: Needs, fates: dict[int, _Fate]
) -> Sequence[Rendition]:
    """Without the rungs below one that poor connections can take, which is held to little more.

    The top is not that one: a player is left something to step down to.
    """
    for number, one in enumerate(rungs[1:], start=1):
        most = needed.busiest[one.rung]
        if most > LOW_BITRATE or one is smallest:
            continue
        for smaller in rungs[number + 1 :]:
            fates[smaller.rung] = _Fate(
                f"{one.name} takes no more than {_kb(most)}, which poor connections carry", peak=0
            )
        peak = min(one.peak_bitrate, max(smallest.peak_bitrate, round(_HEADROOM * most)))
        if peak < one.peak_bitrate:
            fates[one.rung] = _Fate(
                f"it takes about {_kb(needed.mean[one.rung])} and stands in for smaller ones: "
                f"at most {_kb(peak)}",
                peak=peak / one.peak_bitrate,
            )
        return rungs[: number + 1]
    return rungs


def _apart(rungs: Sequence[Rendition], needed: Needs, fates: dict[int, _Fate]) -> None:
    """Without the rungs between top and lowest that take hardly less than the next one above."""
    rates = {one.rung: min(needed.mean[one.rung], one.peak_bitrate) for one in rungs}
    above = rungs[0]
    for one in rungs[1:-1]:
        if rates[above.rung] >= _STEP * rates[one.rung]:
            above = one
            continue
        fates[one.rung] = _Fate(
            f"{above.name} takes hardly more: {_kb(rates[above.rung])} "
            f"against {_kb(rates[one.rung])}",
            peak=0,
        )


def _kb(bits: float) -> str:
    return f"{bits / 1000:.0f} kb/s"
