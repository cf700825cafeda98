"""Instagram: reels and pictures as the Graph API v26.0 takes them."""

from typing import Final

from pipeline.plan.networks.sources import known, quoted
from pipeline.plan.networks.types import (
    Choice,
    CountLimit,
    MediaLimit,
    Network,
    Range,
    TextLimit,
    Unit,
)

_CAPTION: Final = quoted("Instagram Graph API: media, caption")
_REEL: Final = quoted("Instagram Graph API: media, reel specifications")
# What it shows of others is its own guess at their tones.
_SHOWN: Final = known("Instagram: reels are shown in SDR")
_IMAGE: Final = quoted("Instagram Graph API: media, image specifications")

INSTAGRAM: Final = Network(
    name="instagram",
    title="Instagram",
    # Addresses in captions are no links: there is no place for one.
    fields=("text", "hashtags"),
    inline=("hashtags",),
    texts=(TextLimit(field="text", most=2200, unit=Unit.CHARACTERS, source=_CAPTION),),
    counts=(
        CountLimit(what="hashtags", most=30, source=_CAPTION),
        CountLimit(what="mentions", most=20, source=_CAPTION),
    ),
    media=(
        MediaLimit(
            kind="reel",
            ranges=(
                Range(fact="duration_seconds", least=3, most=15 * 60, source=_REEL),
                Range(fact="bytes", most=300_000_000, source=_REEL),
                Range(fact="bitrate", most=25_000_000, source=_REEL),
                Range(fact="frame_rate", least=23, most=60, source=_REEL),
                Range(fact="width", most=1920, source=_REEL),
                Range(fact="aspect", least=0.01, most=10, source=_REEL),
                Range(fact="audio_rate", most=48_000, source=_REEL),
                Range(fact="audio_channels", most=2, source=_REEL),
            ),
            choices=(
                Choice(fact="mime", values=("video/mp4", "video/quicktime"), source=_REEL),
                Choice(fact="video_codec", values=("h264", "hevc"), source=_REEL),
                Choice(fact="audio_codec", values=("aac",), source=_REEL),
                Choice(fact="index_first", values=(True,), source=_REEL),
                Choice(fact="plain_timeline", values=(True,), source=_REEL),
                Choice(fact="progressive", values=(True,), source=_REEL),
                Choice(fact="chroma", values=("4:2:0",), source=_REEL),
                Choice(fact="dynamic_range", values=("sdr",), source=_SHOWN),
            ),
        ),
        MediaLimit(
            kind="image",
            ranges=(
                Range(fact="bytes", most=8_000_000, source=_IMAGE),
                Range(fact="aspect", least=4 / 5, most=1.91, source=_IMAGE),
                Range(fact="width", least=320, most=1440, source=_IMAGE),
            ),
            choices=(Choice(fact="mime", values=("image/jpeg",), source=_IMAGE),),
        ),
    ),
)
