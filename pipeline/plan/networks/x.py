"""X: posts of the API v2, counted in weighted characters."""

from typing import Final

from pipeline.plan.networks.sources import documented, known, quoted
from pipeline.plan.networks.types import Choice, MediaLimit, Network, Range, TextLimit, Unit

_POSTS: Final = documented("X API v2: counting characters")
_MEDIA: Final = documented("X API v2: media upload")
_PRACTICES: Final = quoted("X: media best practices")
_FORMATS: Final = known("X: formats of media")

X: Final = Network(
    name="x",
    title="X",
    fields=("text", "hashtags", "link"),
    inline=("link", "hashtags"),
    # Byte order marks and what is no character: the network refuses a post that has one.
    texts=(
        TextLimit(
            field="text",
            most=280,
            unit=Unit.WEIGHTED,
            source=_POSTS,
            forbidden="\ufeff\ufffe\uffff",
        ),
    ),
    media=(
        MediaLimit(
            kind="video",
            ranges=(
                Range(fact="duration_seconds", least=0.5, most=140, source=_MEDIA),
                Range(fact="bytes", most=512_000_000, source=_MEDIA),
                Range(fact="frame_rate", most=60, source=_MEDIA),
                Range(fact="aspect", least=1 / 3, most=3, source=_MEDIA),
                Range(fact="audio_channels", most=2, source=_PRACTICES),
                Range(fact="bit_depth", most=8, source=_FORMATS),
            ),
            choices=(
                Choice(fact="mime", values=("video/mp4", "video/quicktime"), source=_FORMATS),
                Choice(fact="video_codec", values=("h264",), source=_FORMATS),
                Choice(fact="audio_codec", values=("aac",), source=_FORMATS),
                Choice(fact="audio_profile", values=("LC",), source=_PRACTICES),
                Choice(fact="chroma", values=("4:2:0",), source=_PRACTICES),
                Choice(fact="square_pixels", values=(True,), source=_PRACTICES),
                Choice(fact="progressive", values=(True,), source=_PRACTICES),
                Choice(fact="dynamic_range", values=("sdr",), source=_FORMATS),
            ),
        ),
        MediaLimit(kind="image", ranges=(Range(fact="bytes", most=5_000_000, source=_MEDIA),)),
        MediaLimit(kind="gif", ranges=(Range(fact="bytes", most=15_000_000, source=_MEDIA),)),
    ),
)
