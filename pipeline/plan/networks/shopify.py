"""Shopify: products of the Admin GraphQL API, 2026-10."""

from typing import Final

from pipeline.plan.networks.sources import documented, known
from pipeline.plan.networks.types import (
    Choice,
    CountLimit,
    MediaLimit,
    Network,
    Range,
    TextLimit,
    Unit,
)

_PRODUCTS: Final = known("Shopify: products")
_MEDIA: Final = known("Shopify Help: product media")
_API: Final = documented("Shopify Admin GraphQL 2026-10: product media")

SHOPIFY: Final = Network(
    name="shopify",
    title="Shopify",
    fields=("title", "text", "tags"),
    texts=(
        TextLimit(field="title", most=255, unit=Unit.CHARACTERS, source=_PRODUCTS, required=True),
        TextLimit(field="text", most=65_535, unit=Unit.BYTES, source=_PRODUCTS),
    ),
    counts=(CountLimit(what="tags", most=250, source=_PRODUCTS),),
    media=(
        MediaLimit(
            kind="image",
            ranges=(
                Range(fact="pixels", most=20_000_000, source=_API),
                Range(fact="bytes", most=20_000_000, source=_MEDIA),
            ),
        ),
        MediaLimit(
            kind="video",
            ranges=(
                Range(fact="bytes", least=1, most=1_000_000_000, source=_MEDIA),
                Range(fact="duration_seconds", most=600, source=_MEDIA),
            ),
            choices=(
                Choice(fact="mime", values=("video/mp4", "video/quicktime"), source=_MEDIA),
                Choice(fact="video_codec", values=("h264", "hevc"), source=_MEDIA),
                Choice(fact="audio_codec", values=("aac",), source=_MEDIA),
            ),
        ),
    ),
)
