"""Cues held against the rules again, from what is shown alone: nothing of how they came about."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Final

from transcoders.captions import lexicon, text
from transcoders.captions.cues import Cue
from transcoders.captions.gaps import bound_after
from transcoders.captions.profile import Profile
from transcoders.captions.words import Word

RULES: Final = {
    "words": "every word is there once, and in order",
    "order": "a cue ends after it begins and before the next one begins",
    "lines": "no cue has more lines than allowed",
    "columns": "no line is longer than allowed",
    "speed": "each can be read in its time",
    "short": "each stands long enough to be seen",
    "long": "none stands too long",
    "gap": "between two there are the frames of a gap, or a rest that can be seen as one",
    "early": "none begins long before its first word or after it",
    "name": "no name, number or term is split by the end of a line or cue",
    "word": "no word that fits a line is split",
    "shot": "none shows for a moment of another shot only",
    "speakers": "no line is of two speakers",
}
_LATE_SECONDS: Final = 0.25


def violations(
    cues: Sequence[Cue],
    words: Iterable[Word],
    language: str,
    profile: Profile,
    *,
    glossary: Iterable[str] = (),
    shots: Sequence[float] = (),
) -> dict[str, int]:
    """How often each of `RULES` is broken; every rule is in it."""
    said = [word for word in words if text.clean(word.text)]
    found = Counter(dict.fromkeys(RULES, 0))
    found.update(_of_time(cues, profile, shots))
    found.update(rule for cue in cues for rule in _of_lines(cue, profile))
    found.update(_of_words(cues, said, language, profile, glossary))
    return dict(found)


def _frames(seconds: float, profile: Profile) -> int:
    return round(Fraction(seconds) * profile.rate)


def _of_time(cues: Sequence[Cue], profile: Profile, shots: Sequence[float]) -> Iterator[str]:
    near = profile.frames(profile.shot_seconds)
    cuts = sorted(_frames(shot, profile) for shot in shots)
    times = [(_frames(cue.begin, profile), _frames(cue.end, profile)) for cue in cues]
    close, at = profile.frames(profile.close_seconds), 0
    for number, ((begin, end), cue) in enumerate(zip(times, cues, strict=True)):
        if end <= begin or begin < 0:
            yield "order"
            continue
        read = sum(text.characters(line.text) for line in cue.lines) + len(cue.lines) - 1
        # A break between characters of a script without spaces is none to be read.
        read -= sum(not line.pieces[0].space for line in cue.lines[1:])
        if read > float((end - begin) / profile.rate) * profile.speed + 1e-6:
            yield "speed"
        if end - begin < profile.min_frames:
            yield "short"
        if end - begin > profile.max_frames:
            yield "long"
        if number + 1 < len(times):
            gap = times[number + 1][0] - end
            if gap < 0:
                yield "order"
            elif gap < profile.gap_frames or profile.gap_frames < gap < close:
                yield "gap"
        while at < len(cuts) and cuts[at] <= begin:
            at += 1
        inside = [cut for cut in cuts[at : at + 64] if begin < cut < end]
        if inside and (inside[0] - begin < near or end - inside[-1] < near):
            yield "shot"


def _of_lines(cue: Cue, profile: Profile) -> Iterator[str]:
    if len(cue.lines) > profile.lines:
        yield "lines"
    for line in cue.lines:
        if text.columns(line.written) > profile.columns:
            yield "columns"
        if len({piece.speaker for piece in line.pieces}) > 1:
            yield "speakers"


def _of_words(
    cues: Sequence[Cue],
    said: Sequence[Word],
    language: str,
    profile: Profile,
    glossary: Iterable[str],
) -> Iterator[str]:
    """Follows the letters of the words through the lines."""
    letters = [text.clean(word.text).replace(" ", "") for word in said]
    lines = [(cue, number, line) for cue in cues for number, line in enumerate(cue.lines)]
    shown = "".join(line.text.replace(" ", "") for _, _, line in lines)
    if shown != "".join(letters):
        yield "words"
        return
    leading = lexicon.LEADING.get(language.partition("-")[0].lower(), frozenset())
    bound = bound_after(letters, leading, glossary)
    word, rest = 0, letters[0] if letters else ""
    for cue, number, line in lines:
        if number == 0 and rest == letters[word]:
            apart = cue.begin - said[word].begin
            frame = float(1 / profile.rate)
            if not -profile.early_seconds - frame <= apart <= _LATE_SECONDS + frame:
                yield "early"
        left = len(line.text.replace(" ", ""))
        while left >= len(rest):
            left -= len(rest)
            word += 1
            rest = letters[word] if word < len(letters) else ""
            if not rest:
                break
        ended_word = word < len(letters) and rest == letters[word] and left == 0
        if ended_word and bound[word - 1] and not _turns(said, word):
            yield "name"
        if left:
            whole = letters[word]
            rest = rest[left:]
            if text.columns(whole) <= profile.columns - 2 and not text.spaceless(rest[0]):
                yield "word"


def _turns(said: Sequence[Word], word: int) -> bool:
    before, now = (text.clean(said[at].speaker or "") for at in (word - 1, word))
    return before != now
