"""Facebook Pages: reels and videos as the Graph API takes them."""

from typing import Final

from pipeline.plan.networks.sources import documented, known, quoted
from pipeline.plan.networks.types import Choice, MediaLimit, Network, Range, TextLimit, Unit

_REELS: Final = documented("Graph API: Page video_reels")
_SETTINGS: Final = quoted("Graph API: Page video_reels, video and audio settings")
_POSTS: Final = known("Facebook: posts of a Page")
_NINE_BY_SIXTEEN: Final = 9 / 16
# Encoders round sizes to even numbers of pixels: 1 % is more than that ever makes of 540 × 960.
_ROUNDING: Final = 0.01

FACEBOOK: Final = Network(
    name="facebook",
    title="Facebook",
    fields=("title", "text", "hashtags", "link"),
    inline=("link", "hashtags"),
    texts=(
        TextLimit(field="title", most=255, unit=Unit.CHARACTERS, source=_POSTS),
        TextLimit(field="text", most=63_206, unit=Unit.CHARACTERS, source=_POSTS),
    ),
    media=(
        MediaLimit(
            kind="reel",
            ranges=(
                Range(fact="duration_seconds", least=3, most=90, source=_REELS),
                Range(
                    fact="aspect",
                    least=_NINE_BY_SIXTEEN * (1 - _ROUNDING),
                    most=_NINE_BY_SIXTEEN * (1 + _ROUNDING),
                    source=_REELS,
                ),
                Range(fact="width", least=540, source=_REELS),
                Range(fact="height", least=960, source=_REELS),
                Range(fact="frame_rate", least=24, most=60, source=_REELS),
                Range(fact="audio_rate", most=48_000, source=_SETTINGS),
                Range(fact="audio_channels", most=2, source=_SETTINGS),
            ),
            choices=(
                Choice(fact="mime", values=("video/mp4", "video/quicktime"), source=_SETTINGS),
                Choice(fact="video_codec", values=("h264", "hevc", "vp9", "av1"), source=_SETTINGS),
                Choice(fact="audio_codec", values=("aac",), source=_SETTINGS),
                Choice(fact="audio_profile", values=("LC",), source=_SETTINGS),
                Choice(fact="constant_rate", values=(True,), source=_SETTINGS),
                Choice(fact="progressive", values=(True,), source=_SETTINGS),
                Choice(fact="chroma", values=("4:2:0",), source=_SETTINGS),
                Choice(fact="dynamic_range", values=("sdr",), source=_POSTS),
            ),
        ),
        MediaLimit(
            kind="video",
            ranges=(
                Range(fact="bytes", most=10_000_000_000, source=_POSTS),
                Range(fact="duration_seconds", least=1, most=240 * 60, source=_POSTS),
            ),
            choices=(
                Choice(fact="mime", values=("video/mp4", "video/quicktime"), source=_POSTS),
                Choice(fact="video_codec", values=("h264", "hevc"), source=_POSTS),
                Choice(fact="audio_codec", values=("aac",), source=_POSTS),
            ),
        ),
    ),
)
