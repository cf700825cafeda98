"""Fitting a film to a network: what would be refused, and what makes it be taken. Pure.

What is taken stays as it is; what only lies wrongly in its container is packaged again; a picture
is encoded again only where the picture itself, the file's size or its length is at fault.
"""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from core.media import Probe
from core.renditions import GOP_SECONDS, Frame, Grid, output_rate
from pipeline.plan.fit_frame import frame_for
from pipeline.plan.fit_types import (
    Action,
    FitChoices,
    FitOptions,
    FitPlan,
    Picture,
    Sound,
    Step,
)
from pipeline.plan.networks import media_limit, network_named, preflight
from pipeline.plan.networks.types import MediaFacts, MediaLimit, Violation
from pipeline.plan.video import timing

# Networks encode again what they are given: it should have something to lose.
CRF: Final = 19.0
# Bits for a pixel of a frame: what nothing needs more of, and below which fewer pixels look better.
_MOST_BITS, _LEAST_BITS = 0.25, 0.03
_LEAST_PEAK: Final = 100_000
# What is filled comes out a little smaller than told.
_FILLING: Final = 1.1
# A rate's buffer: what may come on top of it, once.
BUFFER_SECONDS: Final = 2
# For indexes and rounding.
_ROOM: Final = 0.97
# Sound ends in whole packets.
_LENGTH_ROOM: Final = 0.06
# Nobody sees or hears less (ITU-R BT.1359).
_APART_SECONDS: Final = 0.03
_SAMPLE_RATES: Final = (48_000, 44_100, 32_000, 24_000, 16_000)
_SOUND_BITRATES: Final = {1: 96_000, 2: 160_000}

_CONTAINER: Final = frozenset({"mime", "index_first", "plain_timeline"})
_SOUND: Final = frozenset({"audio_codec", "audio_profile", "audio_rate", "audio_channels"})
# What an MP4 of ours can take over from another container.
_COPIED_PICTURES: Final = ("h264", "hevc")
_COPIED_SOUNDS: Final = (None, "aac")


def fit_film(probe: Probe, facts: MediaFacts, options: FitOptions) -> FitPlan:
    """The plan; `facts` are those of the probe, with how the container is laid out.

    Raises Rejected for a network or a kind of thing that is not there.
    """
    network = network_named(options.network)
    limit = media_limit(network, options.kind)
    refused = preflight(network, options.kind, facts)
    plan = FitPlan(
        network=network.name, kind=limit.kind, facts=facts, refused=refused, action=Action.KEEP
    )
    if not refused:
        return plan
    blocked = tuple(_unmendable(refused, options.choices))
    if blocked:
        return plan.model_copy(update={"blocked": blocked})
    action = _action(probe, facts, {each.field for each in refused})
    if action is Action.ENCODE:
        return encoded(plan, probe, options)
    return _copied(plan, probe, limit, action)


def _unmendable(refused: Sequence[Violation], choices: FitChoices) -> Iterator[Violation]:
    """A film that is too short, and one that is too long and may not be cut."""
    for each in refused:
        if each.field != "duration_seconds" or each.limit is None or each.found is None:
            continue
        if each.found < each.limit or not choices.trim:
            yield each


def _action(probe: Probe, facts: MediaFacts, fields: set[str]) -> Action:
    if fields - _CONTAINER - _SOUND or facts.video_codec not in _COPIED_PICTURES:
        return Action.ENCODE
    if _apart(probe):
        return Action.ENCODE
    if fields & _SOUND or facts.audio_codec not in _COPIED_SOUNDS:
        return Action.SOUND
    return Action.REMUX


def _apart(probe: Probe) -> bool:
    """Whether picture and sound begin apart, which a copy without edit lists could not keep."""
    video, audio = probe.main_video, probe.main_audio
    if video is None or audio is None:
        return False
    return abs(video.start_seconds - audio.start_seconds) > _APART_SECONDS


def _copied(plan: FitPlan, probe: Probe, limit: MediaLimit, action: Action) -> FitPlan:
    line = "the picture is copied into an MP4, its index first, without edit lists"
    steps = [Step(fact="mime", line=line)]
    sound = None
    if action is Action.SOUND:
        sound = _sound(probe, limit)
        steps += _sound_steps(probe, sound)
    else:
        steps += _track_steps(probe)
    update = {"action": action, "steps": tuple(steps), "sound": sound}
    return plan.model_copy(update=update)


def encoded(
    plan: FitPlan,
    probe: Probe,
    options: FitOptions,
    *,
    rate_part: float = 1.0,
    filled: bool = False,
) -> FitPlan:
    """The plan in which everything is encoded again, at a part of the rate that would be right.

    `filled` makes the file as large as a network asks for at least.
    """
    limit = media_limit(network_named(options.network), options.kind)
    video = probe.main_video
    assert video is not None, "a probe without a picture is refused before"
    grid, hold = _grid(probe, limit)
    sound = _sound(probe, limit)
    peak = _peak(limit, grid.seconds, sound) * rate_part
    rate = float(grid.fps)
    frame = frame_for(
        video.display_size,
        limit.ranges,
        options.choices,
        most_pixels=peak / (_LEAST_BITS * rate),
    )
    if frame is None:
        shape = [each for each in plan.refused if each.field not in _CONTAINER | _SOUND]
        return plan.model_copy(update={"blocked": tuple(shape)})
    least = _bound(limit, "bytes", least=True)
    if filled and least is not None:
        peak = max(_LEAST_PEAK, least * 8 / grid.seconds * _FILLING * rate_part)
    else:
        peak = max(_LEAST_PEAK, min(peak, _MOST_BITS * frame.width * frame.height * rate))
    picture = Picture(
        frame=frame,
        grid=grid,
        hold_frames=hold,
        crf=CRF,
        peak_bitrate=int(peak),
        filled=filled,
    )
    steps = (*_picture_steps(probe, plan, picture), *_sound_steps(probe, sound))
    return plan.model_copy(
        update={"action": Action.ENCODE, "steps": steps, "picture": picture, "sound": sound}
    )


def encoded_again(
    plan: FitPlan,
    probe: Probe,
    options: FitOptions,
    left: Sequence[Violation],
    rate_part: float,
) -> tuple[FitPlan, float] | None:
    """What to try after a file in which that much is `left` to refuse, and its part of the rate.

    None where nothing more would help.
    """
    if plan.action is not Action.ENCODE:
        return encoded(plan, probe, options), 1.0
    for each in left:
        if each.field in ("bytes", "bitrate") and each.found and each.limit:
            if each.found > each.limit:
                part = rate_part * min(0.9, each.limit / each.found * 0.95)
                return encoded(plan, probe, options, rate_part=part), part
            again = plan.picture is not None and plan.picture.filled
            part = rate_part * 1.2 if again else 1.0
            return encoded(plan, probe, options, rate_part=part, filled=True), part
    return None


def _grid(probe: Probe, limit: MediaLimit) -> tuple[Grid, int]:
    """The frames that are made, and how many at the end repeat the last one."""
    own, hold = timing(probe)
    video = probe.main_video
    assert video is not None
    rate = _rate(output_rate(video), limit)
    seconds = own.seconds
    most, least = (_bound(limit, "duration_seconds", least=which) for which in (False, True))
    frames = max(1, round(Fraction(seconds) * rate))
    if most is not None and seconds > most - _LENGTH_ROOM:
        frames = max(1, math.floor(Fraction(most - _LENGTH_ROOM) * rate))
    elif least is not None and frames / rate < least:
        frames = math.ceil(Fraction(least) * rate)
    shown = round(Fraction(own.frames - hold) / own.fps * rate)
    grid = Grid(
        rate=f"{rate.numerator}/{rate.denominator}",
        frames=frames,
        gop_frames=max(1, round(rate * GOP_SECONDS)),
    )
    # One more than it seems to need: the last frame of a slow film may come late.
    return grid, max(0, frames - shown) + (1 if rate > own.fps or hold else 0)


def _rate(rate: Fraction, limit: MediaLimit) -> Fraction:
    """Frames a second: a whole part of the film's own, or a multiple, where it must change."""
    most, least = (_bound(limit, "frame_rate", least=which) for which in (False, True))
    if most is not None and rate > most:
        return rate / math.ceil(rate / Fraction(most))
    # 24000/1001 is taken where 24 is the least.
    if least is not None and round(float(rate), 1) < least:
        return rate * math.ceil(Fraction(least) / rate)
    return rate


def _peak(limit: MediaLimit, seconds: float, sound: Sound | None) -> float:
    """The most bits a second of the picture that keep a file below its bounds."""
    bounds = [math.inf]
    size, mean = (_bound(limit, fact, least=False) for fact in ("bytes", "bitrate"))
    if size is not None:
        bounds.append(size * 8 / seconds)
    if mean is not None:
        bounds.append(mean)
    heard = sound.bitrate if sound else 0
    spread = seconds / (seconds + BUFFER_SECONDS)
    return max(_LEAST_PEAK, (min(bounds) * _ROOM - heard) * spread)


def _sound(probe: Probe, limit: MediaLimit) -> Sound | None:
    audio = probe.main_audio
    if audio is None:
        return None
    most = _bound(limit, "audio_rate", least=False) or math.inf
    channels = 1 if audio.channels == 1 else 2
    return Sound(
        channels=channels,
        sample_rate=next(rate for rate in _SAMPLE_RATES if rate <= most),
        bitrate=_SOUND_BITRATES[channels],
    )


def _bound(limit: MediaLimit, fact: str, *, least: bool) -> float | None:
    found = next((one for one in limit.ranges if one.fact == fact), None)
    if found is None:
        return None
    return found.least if least else found.most


def _picture_steps(probe: Probe, plan: FitPlan, picture: Picture) -> Iterator[Step]:
    video = probe.main_video
    assert video is not None
    seconds = picture.grid.seconds
    frame = picture.frame
    lost = probe.duration_seconds - seconds
    # A film ends with a whole frame.
    if lost > 1 / picture.grid.fps:
        line = f"the last {lost:.2f} s are cut off: {seconds:.2f} s are left"
        yield Step(fact="duration_seconds", line=line)
    yield from _shape_steps(video.display_size, frame)
    rate = output_rate(video) if video.constant_rate else None
    if rate != picture.grid.fps or video.fps != rate:
        line = f"{float(picture.grid.fps):.5g} frames a second, all equally long"
        yield Step(fact="frame_rate", line=line)
    if video.interlaced:
        yield Step(fact="progressive", line="fields become whole frames")
    if video.hdr:
        yield Step(fact="dynamic_range", line=f"{video.hdr.upper()} becomes SDR of BT.709")
    many = "at just" if picture.filled else "at most"
    line = f"the picture is encoded as H.264, {many} {picture.peak_bitrate:,} bit/s"
    yield Step(fact="video_codec", line=line)


def _shape_steps(size: tuple[int, int], frame: Frame) -> Iterator[Step]:
    canvas = f"{frame.width}×{frame.height}"
    if frame.padded:
        yield Step(fact="aspect", line=f"bars are put around it: {canvas}")
    elif frame.cropped:
        yield Step(fact="aspect", line=f"what is outside of {canvas} is cut off")
    if (frame.inner_width, frame.inner_height) != size:
        line = (
            f"the picture is scaled from {size[0]}×{size[1]} "
            f"to {frame.inner_width}×{frame.inner_height}"
        )
        yield Step(fact="width", line=line)


def _sound_steps(probe: Probe, sound: Sound | None) -> Iterator[Step]:
    audio = probe.main_audio
    if audio is None or sound is None:
        return
    if audio.channels != sound.channels:
        line = f"{audio.channels} channels are mixed to {sound.channels}"
        yield Step(fact="audio_channels", line=line)
    line = f"the sound is encoded as AAC-LC at {sound.bitrate:,} bit/s, {sound.sample_rate:,} Hz"
    yield Step(fact="audio_codec", line=line)
    yield from _track_steps(probe)


def _track_steps(probe: Probe) -> Iterator[Step]:
    if len(probe.audio) > 1:
        line = f"of {len(probe.audio)} tracks the main one is kept"
        yield Step(fact="audio_codec", line=line)
