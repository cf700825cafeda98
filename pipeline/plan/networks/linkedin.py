"""LinkedIn: posts of the versioned API; their text is *little text*, which has an escape."""

from typing import Final

from pipeline.plan.networks.sources import known, quoted
from pipeline.plan.networks.types import MediaLimit, Network, Range, TextLimit, Unit

_POSTS: Final = quoted("LinkedIn Posts API: commentary")
_VIDEOS: Final = quoted("LinkedIn Videos API")
_IMAGES: Final = known("LinkedIn Images API")

LINKEDIN: Final = Network(
    name="linkedin",
    title="LinkedIn",
    fields=("text", "hashtags", "link"),
    inline=("link", "hashtags"),
    # Counted with the backslashes: nobody says that they do not count.
    texts=(TextLimit(field="text", most=3000, unit=Unit.CHARACTERS, source=_POSTS),),
    media=(
        MediaLimit(
            kind="video",
            ranges=(
                Range(fact="duration_seconds", least=3, most=30 * 60, source=_VIDEOS),
                Range(fact="bytes", least=75_000, most=500_000_000, source=_VIDEOS),
            ),
        ),
        MediaLimit(kind="image", ranges=(Range(fact="pixels", most=36_152_320, source=_IMAGES),)),
    ),
    # What is not escaped makes the rest of the text disappear, without an error.
    escaped="\\|{}@[]()<>#*_~",
    hashtag="{{hashtag|\\#|{}}}",
)
