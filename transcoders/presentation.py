"""What a player is told of a package: names of tracks, playlists, which variant comes first."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from core import languages
from core.renditions import SEGMENT_GOPS, Grid, Rendition
from transcoders import hls
from transcoders.fragments import Fragmented, Span

MASTER: Final = "master.m3u8"


@dataclass(frozen=True, slots=True)
class Told:
    """What a source says of a track of sound."""

    language: str | None
    title: str | None
    channels: int
    default: bool


@dataclass(frozen=True, slots=True)
class Track:
    """A track as players see it: `name` is that of its files, `title` is for people.

    `language` is a tag (BCP 47); of tracks in one language only the first is `chosen` by it.
    """

    name: str
    title: str
    language: str | None
    channels: int
    default: bool
    chosen: bool


@dataclass(frozen=True)
class Media:
    """A packaged file: its name, its codec's RFC 6381 name, what is in it."""

    uri: str
    codec: str
    index: Fragmented

    @cached_property
    def segments(self) -> tuple[hls.Segment, ...]:
        """What it is played in: as many groups of pictures each as the grid has it."""
        parts = self.index.fragments
        return tuple(
            self._segment(parts[begin : begin + SEGMENT_GOPS])
            for begin in range(0, len(parts), SEGMENT_GOPS)
        )

    @cached_property
    def keyframes(self) -> tuple[hls.Segment, ...]:
        """What it is looked through in."""
        return tuple(self._segment([span]) for span in self.index.keyframes)

    @cached_property
    def bandwidths(self) -> tuple[int, int]:
        """Peak and average bits a second."""
        return hls.bandwidths(self.segments)

    def _segment(self, spans: Sequence[Span]) -> hls.Segment:
        """Spans side by side as one."""
        ticks = sum(span.ticks for span in spans)
        return hls.Segment(
            ticks / self.index.timescale, sum(span.bytes for span in spans), spans[0].offset
        )


@dataclass(frozen=True, slots=True)
class Presentation:
    """Playlists by their names, and the variants that the master playlist offers, by rendition."""

    playlists: dict[str, str]
    variants: dict[str, hls.Variant]


def tracks(told: Sequence[Told]) -> tuple[Track, ...]:
    """The tracks of a source: exactly one the default, no two of one title."""
    default = next((number for number, one in enumerate(told) if one.default), 0)
    made: list[Track] = []
    spoken = [languages.tag(one.language) for one in told]
    for number, (one, language) in enumerate(zip(told, spoken, strict=True)):
        of_it = [other for other, each in enumerate(spoken) if each == language]
        made.append(
            Track(
                name=f"audio-{number}-{language or 'und'}",
                title=_title(one, language, number, [track.title for track in made]),
                language=language,
                channels=one.channels,
                default=number == default,
                chosen=number == (default if default in of_it else of_it[0]),
            )
        )
    return tuple(made)


def _title(told: Told, language: str | None, number: int, taken: Sequence[str]) -> str:
    """What the source calls it, else its language, else its number."""
    plain = hls.quotable(told.title or "")
    if not plain:
        plain = languages.name(language) if language else f"Audio {number + 1}"
    choices = (plain, *(f"{plain} {count}" for count in range(2, len(taken) + 3)))
    return next(choice for choice in choices if choice not in taken)


def present(
    grid: Grid,
    pictures: Sequence[tuple[Rendition, Media]],
    sounds: Sequence[tuple[Track, Media]],
) -> Presentation:
    """Every playlist of a package.

    Players take one picture and one sound: a variant's bandwidths and codecs are those of both.
    """
    playlists: dict[str, str] = {}
    for rendition, media in pictures:
        playlists[_uri(rendition.name)] = _playlist(media)
        playlists[_look(rendition)] = hls.playlist(
            media.uri, media.index.header_bytes, media.keyframes, keyframes=True
        )
    for track, media in sounds:
        playlists[_uri(track.name)] = _playlist(media)
    variants = _variants(grid, pictures, [media for _, media in sounds])
    playlists[MASTER] = hls.master(
        hls.by_preference(list(variants.values())),
        [_sound(track) for track, _ in sounds],
        [_keyframes(rendition, media) for rendition, media in pictures],
    )
    return Presentation(playlists, variants)


def _playlist(media: Media) -> str:
    return hls.playlist(media.uri, media.index.header_bytes, media.segments)


def _uri(name: str) -> str:
    return f"{name}.m3u8"


def _look(rendition: Rendition) -> str:
    return f"{rendition.name}-iframes.m3u8"


def _variants(
    grid: Grid, pictures: Sequence[tuple[Rendition, Media]], sounds: Sequence[Media]
) -> dict[str, hls.Variant]:
    peak, average = (
        max((sound.bandwidths[which] for sound in sounds), default=0) for which in (0, 1)
    )
    spoken = dict.fromkeys(sound.codec for sound in sounds)
    return {
        rendition.name: hls.Variant(
            uri=_uri(rendition.name),
            codecs=",".join((media.codec, *spoken)),
            width=rendition.width,
            height=rendition.height,
            frame_rate=grid.fps,
            bandwidth=media.bandwidths[0] + peak,
            average_bandwidth=media.bandwidths[1] + average,
        )
        for rendition, media in pictures
    }


def _keyframes(rendition: Rendition, media: Media) -> hls.Keyframes:
    peak, average = hls.bandwidths(media.keyframes)
    return hls.Keyframes(
        uri=_look(rendition),
        codecs=media.codec,
        width=rendition.width,
        height=rendition.height,
        bandwidth=peak,
        average_bandwidth=average,
    )


def _sound(track: Track) -> hls.Sound:
    return hls.Sound(
        uri=_uri(track.name),
        name=track.title,
        language=track.language,
        channels=track.channels,
        default=track.default,
        chosen=track.chosen,
    )
