"""Words without a language model: taken from what is said, never invented. Pure."""

from pipeline.words.score import score
from pipeline.words.writer import write

__all__ = ["score", "write"]
