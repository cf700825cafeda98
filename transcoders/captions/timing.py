"""When cues stand: in whole frames, as long as reading takes, and closed up where gaps are short.

Between two pieces the silence is shared out beforehand: at most half of it, and no more than the
profile allows, is for a cue that begins early, the rest for the one that stays. So what a cue may
have depends on no other cue, and is known before it is decided where cues are cut.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
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
    """Pieces from `first` to `last`, and the frames in which they are shown."""

    first: int
    last: int
    begin: int
    end: int


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
    return _closed(_ordered(spans, profile), times, profile)


def _span(times: Clock, first: int, last: int, need: int, profile: Profile) -> Span:
    said, most = times.begins[first], profile.max_frames
    latest = min(times.latest[last], said + most)
    end = min(max(times.ends[last], said + need), latest)
    begin = said
    if end - begin < need:
        begin = max(times.earliest[first], end - need, 0)
    begin = _at_shot(times, begin, said, end - need, first, profile)
    end = min(_until_shot(times, end, begin + need, profile), begin + most, times.latest[last])
    return Span(first, last, begin, end)


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
        found.append(Span(span.first, span.last, begin, max(span.end, begin + 1)))
    return found


def _closed(spans: Sequence[Span], times: Clock, profile: Profile) -> list[Span]:
    """Short gaps closed, or made long where closing would keep a cue for too long."""
    close, found = profile.frames(profile.close_seconds), list(spans)
    for at, (span, after) in enumerate(pairwise(spans)):
        if profile.gap_frames < after.begin - span.end < close:
            end = after.begin - profile.gap_frames
            if end - span.begin > profile.max_frames:
                end = max(span.begin + profile.min_frames, after.begin - close)
                if end < times.ends[span.last]:
                    continue
            found[at] = Span(span.first, span.last, span.begin, end)
    return found
