"""Google Business Profile: local posts of the API v4. Its link is a button, not in the text."""

from typing import Final

from pipeline.plan.networks.sources import known, quoted
from pipeline.plan.networks.types import Choice, MediaLimit, Network, Range, TextLimit, Unit

_POSTS: Final = quoted("My Business API v4: localPosts")
_MEDIA: Final = quoted("My Business API v4: media")
_VIDEOS: Final = known("Business Profile Help: photos and videos")

GOOGLE_BUSINESS: Final = Network(
    name="google_business",
    title="Google Business Profile",
    fields=("text", "link"),
    texts=(TextLimit(field="text", most=1500, unit=Unit.CHARACTERS, source=_POSTS),),
    media=(
        MediaLimit(
            kind="image",
            ranges=(
                Range(fact="bytes", least=10_000, most=5_000_000, source=_MEDIA),
                Range(fact="short_side", least=250, source=_MEDIA),
            ),
            choices=(Choice(fact="mime", values=("image/jpeg", "image/png"), source=_VIDEOS),),
        ),
        MediaLimit(
            kind="video",
            ranges=(
                Range(fact="duration_seconds", most=30, source=_VIDEOS),
                Range(fact="bytes", most=75_000_000, source=_VIDEOS),
                Range(fact="short_side", least=720, source=_VIDEOS),
            ),
            choices=(
                Choice(fact="mime", values=("video/mp4", "video/quicktime"), source=_VIDEOS),
                Choice(fact="video_codec", values=("h264", "hevc"), source=_VIDEOS),
                Choice(fact="audio_codec", values=("aac",), source=_VIDEOS),
            ),
        ),
    ),
)
