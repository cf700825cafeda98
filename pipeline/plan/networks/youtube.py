"""YouTube: titles, descriptions, tags and chapters; files as the Data API v3 takes them."""

from typing import Final

from pipeline.plan.networks.sources import documented, known, quoted
from pipeline.plan.networks.types import (
    ChapterLimit,
    CountLimit,
    MediaLimit,
    Network,
    Range,
    TextLimit,
    Unit,
)

_API: Final = documented("YouTube Data API v3: videos.insert")
_SNIPPET: Final = quoted("YouTube Data API v3: videos, snippet")
_HELP: Final = known("YouTube Help: hashtags, chapters, upload length")
# Angle brackets are refused in all three.
_ANGLES: Final = "<>"

YOUTUBE: Final = Network(
    name="youtube",
    title="YouTube",
    fields=("title", "text", "tags", "hashtags", "link", "chapters"),
    inline=("chapters", "link", "hashtags"),
    texts=(
        TextLimit(
            field="title",
            most=100,
            unit=Unit.CHARACTERS,
            source=_SNIPPET,
            forbidden=_ANGLES,
            required=True,
        ),
        TextLimit(field="text", most=5000, unit=Unit.BYTES, source=_SNIPPET, forbidden=_ANGLES),
        # A comma or a quote inside a tag would make two of it.
        TextLimit(
            field="tags", most=500, unit=Unit.QUOTED, source=_SNIPPET, forbidden=_ANGLES + ',"'
        ),
    ),
    # With more than 60 it ignores every one.
    counts=(CountLimit(what="hashtags", most=60, source=_HELP),),
    chapters=ChapterLimit(least=3, least_seconds=10, source=_HELP),
    media=(
        MediaLimit(
            kind="video",
            ranges=(
                Range(fact="bytes", least=1, most=256 << 30, source=_API),
                Range(fact="duration_seconds", most=12 * 3600, source=_HELP),
            ),
        ),
        # The thumbnail; 2 MB until 2026-09-14.
        MediaLimit(kind="image", ranges=(Range(fact="bytes", most=50_000_000, source=_API),)),
    ),
)
