"""The recipe `image`: what is made of a picture, by `probe_image` and then `image`."""

from typing import Final

from core.images import ImageProbe
from pipeline.plan.brand_kit import ColourRole
from pipeline.plan.brief import Brief
from pipeline.plan.image_types import (
    IMAGE,
    PROBE_IMAGE,
    FocalPoint,
    ImageFormat,
    ImageOptions,
    ProbeImageOptions,
    Shape,
)
from pipeline.plan.types import Graph, Queue, StageSpec

# Widths in pixels that cover phones at one dot a pixel to desktops at two.
WIDTHS: Final = (320, 640, 1280, 1920, 2560)
# AVIF at speed 8 takes half the time of 6, for 7 % more bytes: docs/benchmarks.md.
FORMATS: Final = (
    ImageFormat(name="avif", quality=60, effort=8),
    ImageFormat(name="webp", quality=80, effort=4),
    ImageFormat(name="jpeg", quality=82),
)
# What networks show, in the sizes at which they show it: pipeline/plan/image_networks.py.
SHAPES: Final = (
    Shape(name="16:9", width=1280, height=720),
    Shape(name="9:16", width=1080, height=1920),
    Shape(name="1:1", width=1080, height=1080),
    Shape(name="4:5", width=1080, height=1350),
    Shape(name="1.91:1", width=1200, height=628),
    Shape(name="4:3", width=1200, height=900),
)
# Networks encode again what they are given: it should have something to lose.
SHAPE_FORMAT: Final = ImageFormat(name="jpeg", quality=88)
POSTER_WIDTH: Final = 1280
ANIMATION_WIDTH: Final = 720
WHITE: Final = "#ffffff"


def plan_image(
    probe: ImageProbe | None, brief: Brief, focal_point: FocalPoint | None = None
) -> Graph:
    """Only the probe before there is one; then the whole graph.

    What is transparent lies on the brand's background, where a format has no transparency.
    """
    first = StageSpec(PROBE_IMAGE, 1, Queue.MEDIA, ProbeImageOptions(), deadline_seconds=60)
    if probe is None:
        return Graph((first,))
    options = ImageOptions(
        widths=WIDTHS,
        formats=FORMATS,
        shapes=SHAPES,
        shape_format=SHAPE_FORMAT,
        poster_width=POSTER_WIDTH,
        animation_width=ANIMATION_WIDTH,
        background=brief.kit.colour(ColourRole.BACKGROUND) or WHITE,
        focal_point=focal_point,
    )
    return Graph((first, StageSpec(IMAGE, 1, Queue.MEDIA, options, (PROBE_IMAGE,), 600)))
