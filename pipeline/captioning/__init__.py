"""Captions as files and as renditions: what stages that caption and translate share."""

from pipeline.captioning.renditions import Rendered, rendition
from pipeline.captioning.setting import (
    Made,
    files_of,
    made_of,
    profile_of,
    transcript_at,
    words_of,
)

__all__ = [
    "Made",
    "Rendered",
    "files_of",
    "made_of",
    "profile_of",
    "rendition",
    "transcript_at",
    "words_of",
]
