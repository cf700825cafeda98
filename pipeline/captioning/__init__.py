"""Captions as files and as renditions: what stages that caption and translate share."""

from pipeline.captioning.renditions import Rendered, rendition

__all__ = ["Rendered", "rendition"]
