"""When cues stand: in whole frames, as long as reading takes, and closed up where gaps are short.

Between two pieces the silence is shared out beforehand: at most half of it, and no more than the
profile allows, is for a cue that begins early, the rest for the one that stays. So what a cue may
have depends on no other cue, and is known before it is decided where cues are cut.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from transcoders.captions.profile import Profile
from transcoders.captions.words import Piece


@dataclass(frozen=True, slots=True)
class Clock:
    """Of each piece, in frames: when it is said, and what a cue of it may have at most."""

    begins: tuple[int, ...]
    ends: tuple[int, ...]
    earliest: tuple[int, ...]
    latest: tuple[int, ...]
    shots: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """Pieces from `first` to `last`, and the frames in which they are shown; `need` is enough."""

    first: int
    last: int
    begin: int
    end: int
    need: int


def clock(
    pieces: Sequence[Piece], profile: Profile, shots: Sequence[float], seconds: float | None
) -> Clock:
    """The times of all pieces; `seconds` is when the film ends."""
    begins = [profile.frames(piece.begin) for piece in pieces]
    ends = [
        max(begin, profile.frames(piece.end)) for begin, piece in zip(begins, pieces, strict=True)
    ]
    early = profile.frames(profile.early_seconds)
    earliest, latest = [], []
    for at, begin in enumerate(begins):
        if at == 0:
            earliest.append(max(0, begin - early))
            continue
        silence = begin - ends[at - 1] - profile.gap_frames
        earliest.append(begin - min(early, max(0, silence) // 2))
        latest.append(earliest[-1] - profile.gap_frames)
    if pieces:
        film = ends[-1] + profile.max_frames if seconds is None else profile.frames(seconds)
        latest.append(max(film, ends[-1]))
    cuts = sorted({profile.frames(shot) for shot in shots if shot > 0})
    return Clock(tuple(begins), tuple(ends), tuple(earliest), tuple(latest), tuple(cuts))


def shown(
    times: Clock, cuts: Sequence[tuple[int, int]], characters: Sequence[int], profile: Profile
) -> list[Span]:
    """The frames of each run of pieces (first, last), given how much there is to read in each."""
    spans = [
        _span(times, first, last, max(profile.min_frames, profile.reading_frames(count)), profile)
        for (first, last), count in zip(cuts, characters, strict=True)
    ]
    return _closed(_snapped(_ordered(spans, profile), times, profile), times, profile)


def _span(times: Clock, first: int, last: int, need: int, profile: Profile) -> Span:
    said, most = times.begins[first], profile.max_frames
    latest = min(times.latest[last], said + most)
    end = min(max(times.ends[last], said + need), latest)
    begin = said
    if end - begin < need:
        begin = max(times.earliest[first], end - need, 0)
    begin = _at_shot(times, begin, said, end - need, first, profile)
    end = min(_until_shot(times, end, begin + need, profile), begin + most, times.latest[last])
    return Span(first, last, begin, end, need)


def _at_shot(
    times: Clock, begin: int, said: int, at_most: int, first: int, profile: Profile
) -> int:
    """The cut of the picture that a beginning is near to, where there is one; else itself."""
    near = profile.frames(profile.shot_seconds)
    found = bisect_left(times.shots, max(times.earliest[first], said - near))
    for shot in times.shots[found : found + 2]:
        if shot < begin or begin < shot <= min(said + near, at_most):
            return shot
    return begin


def _until_shot(times: Clock, end: int, at_least: int, profile: Profile) -> int:
    """An end just before the cut that it is near to, where there is one; else as it lingers."""
    near = profile.frames(profile.shot_seconds)
    lingering = end + profile.frames(profile.linger_seconds)
    found = bisect_right(times.shots, end - near)
    for shot in times.shots[found : found + 1]:
        if shot <= lingering + near and shot - profile.gap_frames >= at_least:
            return shot - profile.gap_frames
        lingering = min(lingering, max(end, shot - profile.gap_frames))
    return lingering


def _ordered(spans: Sequence[Span], profile: Profile) -> list[Span]:
    """Each after the one before it, and a frame long at least, whatever the words' times say."""
    found: list[Span] = []
    for span in spans:
        begin = span.begin
        if found:
            begin = max(begin, found[-1].end + profile.gap_frames)
        found.append(replace(span, begin=begin, end=max(span.end, begin + 1)))
    return found


def _snapped(spans: Sequence[Span], times: Clock, profile: Profile) -> list[Span]:
    """The seams of cues that follow each other, moved to a cut of the picture that is near."""
    near, found = profile.frames(profile.shot_seconds), list(spans)
    for at in range(1, len(found)):
        before, after = found[at - 1], found[at]
        place = bisect_left(times.shots, after.begin - near)
        for shot in times.shots[place : place + 1]:
            one = replace(before, end=shot - profile.gap_frames)
            two = replace(after, begin=shot)
            joined = after.begin - before.end < near
            heard = abs(shot - times.begins[after.first]) <= near
            if joined and heard and _lasts(one, profile) and _lasts(two, profile):
                found[at - 1 : at + 1] = one, two
    return found


def _lasts(span: Span, profile: Profile) -> bool:
    return span.need <= span.end - span.begin <= profile.max_frames


def _closed(spans: Sequence[Span], times: Clock, profile: Profile) -> list[Span]:
    """Short gaps closed, or made long where closing would keep a cue too long or over a cut."""
    close, found = profile.frames(profile.close_seconds), list(spans)
    for at, (span, after) in enumerate(pairwise(spans)):
        if not profile.gap_frames < after.begin - span.end < close:
            continue
        closed = replace(span, end=after.begin - profile.gap_frames)
        opened = replace(span, end=after.begin - close)
        over = _flashes(times, closed, profile) and not _flashes(times, opened, profile)
        heard = opened.end >= times.ends[span.last] and _lasts(opened, profile)
        if heard and (over or not _lasts(closed, profile)):
            found[at] = opened
        elif closed.end - closed.begin <= profile.max_frames:
            found[at] = closed
    return found


def _flashes(times: Clock, span: Span, profile: Profile) -> bool:
    """Whether it goes on for a moment after a cut of the picture."""
    place = bisect_right(times.shots, span.end - profile.frames(profile.shot_seconds))
    return any(span.begin < shot < span.end for shot in times.shots[place : place + 1])
