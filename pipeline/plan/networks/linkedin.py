"""LinkedIn: posts of the versioned API; their text is *little text*, which has an escape."""

from typing import Final

from pipeline.plan.networks.sources import known, quoted
from pipeline.plan.networks.types import Choice, MediaLimit, Network, Range, TextLimit, Unit

_POSTS: Final = quoted("LinkedIn Posts API: commentary")
_VIDEOS: Final = quoted("LinkedIn Videos API")
_FORMATS: Final = known("LinkedIn Help: formats of videos")
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
                Range(fact="aspect", least=1 / 2.4, most=2.4, source=_VIDEOS),
                Range(fact="frame_rate", least=10, most=60, source=_FORMATS),
                Range(fact="bit_depth", most=8, source=_FORMATS),
            ),
            choices=(
                Choice(fact="mime", values=("video/mp4",), source=_VIDEOS),
                Choice(fact="video_codec", values=("h264",), source=_FORMATS),
                Choice(fact="audio_codec", values=("aac",), source=_FORMATS),
                Choice(fact="chroma", values=("4:2:0",), source=_FORMATS),
                Choice(fact="dynamic_range", values=("sdr",), source=_FORMATS),
            ),
        ),
        MediaLimit(kind="image", ranges=(Range(fact="pixels", most=36_152_320, source=_IMAGES),)),
    ),
    # What is not escaped makes the rest of the text disappear, without an error.
    escaped="\\|{}@[]()<>#*_~",
    hashtag="{{hashtag|\\#|{}}}",
)
