"""Amazon: listings of the Selling Partner API. A product type's own schema may be narrower."""

from typing import Final

from pipeline.plan.networks.sources import known
from pipeline.plan.networks.types import Choice, MediaLimit, Network, Range, TextLimit, Unit

_LISTINGS: Final = known("Amazon: listings; the product type's schema decides")
_MEDIA: Final = known("Amazon Seller Central: product videos and images")

AMAZON: Final = Network(
    name="amazon",
    title="Amazon",
    fields=("title", "text", "tags"),
    texts=(
        # Characters that it forbids in titles as decoration.
        TextLimit(
            field="title",
            most=200,
            unit=Unit.CHARACTERS,
            source=_LISTINGS,
            forbidden="<>!$?_{}^¬¦",
            required=True,
        ),
        TextLimit(field="text", most=2000, unit=Unit.CHARACTERS, source=_LISTINGS, forbidden="<>"),
        # Its search terms: bytes of all, with a space between two.
        TextLimit(field="tags", most=249, unit=Unit.BYTES, source=_LISTINGS, forbidden="<>,"),
    ),
    media=(
        MediaLimit(
            kind="video",
            ranges=(
                Range(fact="bytes", most=5_000_000_000, source=_MEDIA),
                Range(fact="short_side", least=480, source=_MEDIA),
            ),
            choices=(
                Choice(fact="mime", values=("video/mp4", "video/quicktime"), source=_MEDIA),
                Choice(fact="video_codec", values=("h264", "hevc"), source=_MEDIA),
                Choice(fact="audio_codec", values=("aac",), source=_MEDIA),
            ),
        ),
        MediaLimit(kind="image", ranges=(Range(fact="bytes", most=10_000_000, source=_MEDIA),)),
    ),
)
