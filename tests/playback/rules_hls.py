"""What must hold between the playlists and the media (RFC 8216, and Apple's authoring rules)."""

from collections.abc import Iterator, Sequence

from tests.playback.reading import (
    MASTER,
    Media,
    MediaPlaylist,
    Package,
    Segment,
    Variant,
)

Where = Iterator[tuple[str, str]]
# Apple's authoring rules: a rate that is stated may differ from the measured one by a tenth.
_STATED = 1.1


def violations(package: Package) -> Where:
    """Pairs of a playlist and what is wrong with it."""
    for name, playlist in package.playlists.items():
        if isinstance(playlist, MediaPlaylist):
            for what in _media_playlist(package, playlist):
                yield name, what
    for what in _master(package):
        yield MASTER, what


def _media_playlist(package: Package, playlist: MediaPlaylist) -> Iterator[str]:
    if not playlist.ended:
        yield "has no end: players take it for a live stream"
    if not playlist.vod:
        yield "is not of type VOD"
    missing = {one.media.uri for one in playlist.segments} - package.media.keys()
    if missing or not playlist.segments:
        yield f"media are missing or cannot be read: {', '.join(sorted(missing)) or 'all'}"
        return
    media = package.media[playlist.segments[0].media.uri]
    yield from _init(playlist, media)
    yield from (_iframes if playlist.iframes else _segments)(playlist, media)


def _init(playlist: MediaPlaylist, media: Media) -> Iterator[str]:
    header = next((box.end for box in media.boxes if box.type == "moov"), 0)
    for init in {(one.init.offset, one.init.end) for one in playlist.segments}:
        if init != (0, header):
            yield f"initialisation is bytes {init}, where the header is {(0, header)}"


def _segments(playlist: MediaPlaylist, media: Media) -> Iterator[str]:
    seconds, at = 0.0, next((box.begin for box in media.boxes if box.type == "moof"), 0)
    for number, segment in enumerate(playlist.segments):
        inside = [
            one
            for one in media.fragments
            if segment.media.offset <= one.begin and one.end <= segment.media.end
        ]
        if segment.media.offset != at:
            yield f"segment {number} begins at byte {segment.media.offset}, not {at}"
        if not inside or (inside[0].begin, inside[-1].end) != (
            segment.media.offset,
            segment.media.end,
        ):
            yield f"segment {number} is not made of whole fragments"
        else:
            yield from _timing(number, segment, seconds, media, inside[0].presented,
                               inside[-1].presented_end)  # fmt: skip
        seconds, at = seconds + segment.seconds, segment.media.end
    if at != media.bytes:
        yield f"the segments end at byte {at} of {media.bytes}"


def _timing(
    number: int, segment: Segment, seconds: float, media: Media, begin: int, end: int
) -> Iterator[str]:
    # A half frame of a picture; sound may begin and end up to a packet earlier or later.
    slack = (0.5 if media.width else 1.0) / media.rate + 0.001 * (number + 1)
    if abs(begin / media.timescale - seconds) > slack:
        yield f"segment {number} is at {seconds:.3f} s, its media at {begin / media.timescale:.3f}"
    long = (end - begin) / media.timescale
    if abs(long - segment.seconds) > slack:
        yield f"segment {number} lasts {segment.seconds:.3f} s, its media {long:.3f}"


def _iframes(playlist: MediaPlaylist, media: Media) -> Iterator[str]:
    seconds = 0.0
    for number, segment in enumerate(playlist.segments):
        keys = [key for one in media.fragments for key in one.keys if one.begin < key.end]
        at = [key for key in keys if key.end == segment.media.end]
        if not at:
            yield f"I-frame {number} does not end where a keyframe does"
        elif abs(at[0].presented / media.timescale - seconds) > 0.5 / media.rate + 0.001 * number:
            yield f"I-frame {number} is at {seconds:.3f} s, its picture at {at[0].presented}"
        seconds += segment.seconds
    if abs(seconds - media.seconds) > 0.5 / media.rate + 0.001 * len(playlist.segments):
        yield f"the I-frames last {seconds:.3f} s, the picture {media.seconds:.3f}"


def _master(package: Package) -> Iterator[str]:
    master = package.master
    if master is None:
        yield "is missing or cannot be read"
        return
    shown = [one for one in master.variants if not one.iframes]
    if not shown:
        yield "offers nothing to play"
    if not master.independent:
        yield "does not say that segments are independent"
    for variant in master.variants:
        found = package.of(variant.uri)
        if found is None:
            yield f"{variant.uri} is missing or cannot be read"
        else:
            for what in _variant(package, variant, *found):
                yield f"{variant.uri}: {what}"
    iframes = {(one.width, one.height) for one in master.variants if one.iframes}
    for variant in shown:
        if (variant.width, variant.height) not in iframes:
            yield f"{variant.uri} has no I-frame playlist of its size"
    yield from _aligned(package, shown)


def _variant(
    package: Package, variant: Variant, playlist: MediaPlaylist, media: Media
) -> Iterator[str]:
    sound = [found for one in variant.audio if (found := package.of(one.uri))]
    if len(sound) != len(variant.audio):
        yield "names sound that is missing or cannot be read"
    codecs = {media.codec, *(track.codec for _, track in sound)}
    if set(variant.codecs.split(",")) != codecs:
        yield f"CODECS={variant.codecs}, where the media are {','.join(sorted(codecs))}"
    size, seen = f"{variant.width}x{variant.height}", f"{media.width}x{media.height}"
    if size != seen:
        yield f"RESOLUTION={size}, where the picture is {seen}"
    if playlist.iframes != variant.iframes:
        yield "I-frames and segments are mixed up"
    if not variant.iframes and abs(variant.frame_rate - media.rate) > 0.005:
        yield f"FRAME-RATE={variant.frame_rate}, where the picture has {media.rate:.3f}"
    yield from _bandwidths(variant, playlist, [track for track, _ in sound])
    yield from _sound(variant, media, [track for _, track in sound])


def _bandwidths(
    variant: Variant, playlist: MediaPlaylist, sound: Sequence[MediaPlaylist]
) -> Iterator[str]:
    """Stated rates are those of the picture with the track that needs most."""
    peak, average = _rates(playlist)
    if sound:
        peak += max(_rates(track)[0] for track in sound)
        average += max(_rates(track)[1] for track in sound)
    for name, stated, measured in (
        ("BANDWIDTH", variant.bandwidth, peak),
        ("AVERAGE-BANDWIDTH", variant.average_bandwidth, average),
    ):
        if not measured * 0.999 <= stated <= measured * _STATED:
            yield f"{name}={stated}, where {measured:.0f} was measured"


def _sound(variant: Variant, media: Media, sound: Sequence[Media]) -> Iterator[str]:
    for track in sound:
        # A frame of the picture, and a packet of sound.
        if abs(track.seconds - media.seconds) > 1 / media.rate + 1 / track.rate:
            yield f"the sound lasts {track.seconds:.3f} s, the picture {media.seconds:.3f}"
    if variant.audio and sum(one.default for one in variant.audio) != 1:
        yield "not one of the tracks of sound is the default"
    names = [one.name for one in variant.audio]
    if len(set(names)) != len(names):
        yield f"tracks of sound share a name: {', '.join(names)}"


def _rates(playlist: MediaPlaylist) -> tuple[float, float]:
    """Peak and average bits a second (RFC 8216, 4.1).

    The peak is that of any run of segments that lasts 0.5 to 1.5 target durations.
    """
    segments = playlist.segments
    total = sum(one.seconds for one in segments)
    average = sum(one.media.length for one in segments) * 8 / total
    peak = average
    for begin in range(len(segments)):
        bits, seconds = 0, 0.0
        for one in segments[begin:]:
            bits, seconds = bits + one.media.length * 8, seconds + one.seconds
            if seconds > 1.5 * playlist.target:
                break
            if seconds >= 0.5 * playlist.target:
                peak = max(peak, bits / seconds)
    return peak, average


def _aligned(package: Package, variants: list[Variant]) -> Iterator[str]:
    """A player may go from one variant to another at any segment."""
    cuts = [
        (variant.uri, [one.presented / found[1].timescale for one in found[1].fragments])
        for variant in variants
        if (found := package.of(variant.uri))
    ]
    for uri, at in cuts[1:]:
        first, model = cuts[0]
        if len(at) != len(model) or any(
            abs(mine - theirs) > 0.001 for mine, theirs in zip(at, model, strict=True)
        ):
            yield f"{uri} is not cut where {first} is"
